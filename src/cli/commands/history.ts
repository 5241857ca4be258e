import { Command, InvalidArgumentError } from 'commander'
import type { CredentialEvent } from '../../credentials/change.ts'
import { plain } from '../../protocol/text.ts'
import { eventText } from '../credential-text.ts'
import { existingPlace, type Place, warnOfMemory, withMacOf } from '../database.ts'
import { EXIT, Failure, nameOf } from '../failure.ts'
import { examples } from '../help.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { type Column, tableLines } from '../terminal/text.ts'

interface HistoryOptions {
  readonly database?: string
  readonly user?: string
  readonly limit: number
}

/** How much is shown at once. */
const MOST = 100_000

export function historyCommand(terminal: Terminal): Command {
  return new Command('history')
    .summary('tells what was done to credentials')
    .description(
      'Tells what was done to credentials, the latest first: to all, to one, or to those of one user. What was done to one that was deleted since stays. Moments are in UTC.',
    )
    .argument('[id]', 'a key identifier')
    .option('--user <user>', "what was done to this user's alone")
    .option('--limit <count>', 'how much of it, the latest', readLimit, 50)
    .addHelpText(
      'after',
      examples(
        ['withmac history', 'what was done last'],
        ['withmac history 3f9c2a1be0d14c7fa6b2d9e1', 'to this one'],
        ['withmac history --user ada --json', "to ada's, for scripts"],
      ),
    )
    .action(async (id: string | undefined, _, command: Command) => {
      const { database, user, limit } = command.optsWithGlobals<HistoryOptions>()
      const place = existingPlace(database)
      // Imported when it is needed: it brings Zod along.
      const { readHistoryFilter } = await import('../../credentials/change.ts')
      readHistoryFilter({ id, user, limit: limit + 1 })
      warnOfMemory(place, terminal)
      const [events, isThere] = await withMacOf(place, async (mac) => [
        // One more than is shown tells whether there is more.
        await mac.credentialHistory({ id, user, limit: limit + 1 }),
        id === undefined || (await mac.getCredential(id)) !== null,
      ])
      if (events.length === 0 && id !== undefined && !isThere) throw noTrace(id, place)
      const shown = events.slice(0, limit)
      terminal.give(shown, () =>
        shown.length === 0
          ? []
          : tableLines(columns(id === undefined), shown, terminal.colors, terminal.columns),
      )
      if (shown.length === 0) terminal.note(plain(nothing(id, user, place)))
      else if (events.length > limit) terminal.note(moreThan(limit))
    })
}

function columns(ofAll: boolean): Column<CredentialEvent>[] {
  const ids: Column<CredentialEvent>[] = [{ title: 'ID', text: ({ id }) => id }]
  return [
    { title: 'WHEN (UTC)', text: ({ at }) => at.toISOString().slice(0, 16).replace('T', ' ') },
    { title: 'WHAT', text: ({ action }) => action },
    ...(ofAll ? ids : []),
    { title: 'USER', text: ({ user }) => user, least: 4 },
    { title: 'DETAILS', text: eventText, below: true },
  ]
}

function moreThan(limit: number): string {
  if (limit < MOST) return `There is more: --limit ${Math.min(limit * 10, MOST)}`
  return 'There is more than can be shown at once: name an identifier, or a --user.'
}

function nothing(id: string | undefined, user: string | undefined, { path }: Place): string {
  const whose =
    id !== undefined
      ? ` to ${nameOf(id)}`
      : user === undefined
        ? ''
        : ` to those of ${nameOf(user)}`
  return `Nothing was done${whose} in ${path}, as far as is recorded.`
}

function noTrace(id: string, { path }: Place): Failure {
  return new Failure(
    EXIT.no,
    'ERR_MAC_CREDENTIAL_UNKNOWN',
    `there is no credential ${nameOf(id)} in ${path}, nor a record of one.`,
  )
}

function readLimit(text: string): number {
  const limit = Number(text)
  if (/^[0-9]+$/.test(text) && limit >= 1 && limit <= MOST) return limit
  throw new InvalidArgumentError(`It is no number from 1 to ${MOST}.`)
}
