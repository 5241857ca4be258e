import { Command, InvalidArgumentError } from 'commander'
import type { CredentialEvent } from '../../credentials/change.ts'
import { plain } from '../../protocol/terminal-text.ts'
import { eventText } from '../credential-text.ts'
import { existingPlace, warnOfMemory, withMacOf } from '../database.ts'
import { EXIT, Failure, nameOf } from '../failure.ts'
import { examples } from '../help.ts'
import type { Place, PlaceOptions } from '../place.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { type Column, tableLines } from '../terminal/text.ts'

interface HistoryOptions extends PlaceOptions {
  readonly user?: string
  readonly limit: number
}

/** The largest `--limit`. */
const MOST = 100_000

export function historyCommand(terminal: Terminal): Command {
  return new Command('history')
    .summary('shows the changes to credentials')
    .description(
      'Shows the changes to all credentials, to one, or to those of one user, the latest first. Deleted credentials stay in the history. Times are in UTC.',
    )
    .argument('[id]', 'only changes to this key identifier')
    .option('--user <user>', 'only changes to credentials of this user')
    .option('--limit <count>', 'at most this many changes, the latest', readLimit, 50)
    .addHelpText(
      'after',
      examples(
        ['withmac history', 'the latest changes'],
        ['withmac history 3f9c2a1be0d14c7fa6b2d9e1', 'changes to this credential'],
        ['withmac history --user ada --json', "changes to ada's credentials, for scripts"],
      ),
    )
    .action(async (id: string | undefined, _, command: Command) => {
      const options = command.optsWithGlobals<HistoryOptions>()
      const { user, limit } = options
      const place = await existingPlace(options)
      // Loaded lazily, because it imports Zod.
      const { readHistoryFilter } = await import('../../credentials/change.ts')
      readHistoryFilter({ id, user, limit: limit + 1 })
      warnOfMemory(place, terminal)
      const [events, isThere] = await withMacOf(place, async (mac) => [
        // One more than is shown, to find out whether there are more.
        await mac.credentialHistory({ id, user, limit: limit + 1 }),
        id === undefined || (await mac.getCredential(id)) !== null,
      ])
      if (events.length === 0 && id !== undefined && !isThere) throw noTrace(id, place)
      const shown = events.slice(0, limit)
      terminal.give(shown, () =>
        shown.length === 0
          ? []
          : tableLines(columns(id, shown), shown, terminal.colors, terminal.columns),
      )
      if (shown.length === 0) terminal.note(plain(nothing(id, user, place)))
      else if (events.length > limit) terminal.note(moreAdvice(limit))
    })
}

/** Returns the columns: that of the identifier if it differs, and that of the actor if an event has one. */
function columns(
  one: string | undefined,
  events: readonly CredentialEvent[],
): Column<CredentialEvent>[] {
  const ids: Column<CredentialEvent>[] = [{ title: 'ID', text: ({ id }) => id }]
  const actors: Column<CredentialEvent>[] = [
    { title: 'BY', text: ({ actor }) => actor ?? '', least: 4 },
  ]
  return [
    { title: 'WHEN (UTC)', text: ({ at }) => at.toISOString().slice(0, 16).replace('T', ' ') },
    { title: 'WHAT', text: ({ action }) => action },
    ...(one === undefined ? ids : []),
    { title: 'USER', text: ({ user }) => user, least: 4 },
    ...(events.some(({ actor }) => actor !== null) ? actors : []),
    { title: 'DETAILS', text: eventText, below: true },
  ]
}

function moreAdvice(limit: number): string {
  if (limit < MOST) return `There are more changes: --limit ${Math.min(limit * 10, MOST)}`
  return 'There are more changes than one call can show: name an identifier, or use --user.'
}

function nothing(id: string | undefined, user: string | undefined, { path }: Place): string {
  const whose =
    id !== undefined
      ? ` to ${nameOf(id)}`
      : user === undefined
        ? ''
        : ` to credentials of ${nameOf(user)}`
  return `No change${whose} is recorded in ${path}.`
}

function noTrace(id: string, { path }: Place): Failure {
  return new Failure(
    EXIT.no,
    'ERR_MAC_CREDENTIAL_UNKNOWN',
    `there is no credential ${nameOf(id)} in ${path}, and no record of one.`,
  )
}

function readLimit(text: string): number {
  const limit = Number(text)
  if (/^[0-9]+$/.test(text) && limit >= 1 && limit <= MOST) return limit
  throw new InvalidArgumentError(`It must be a number from 1 to ${MOST}.`)
}
