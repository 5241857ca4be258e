import { Command, Option } from 'commander'
import { currentSeconds, systemClock } from '../../callback.ts'
import { type Credential, fromStored } from '../../credentials/credential.ts'
import { plain } from '../../protocol/text.ts'
import {
  credentialJson,
  manyCredentials,
  type Status,
  shortStatus,
  statusColor,
  statusOf,
} from '../credential-text.ts'
import { existingPlace, type Place, warnOfMemory, withStoreOf } from '../database.ts'
import { nameOf } from '../failure.ts'
import { examples, pasted } from '../help.ts'
import { showAgo, showShortSpan } from '../terminal/moments.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { type Column, tableLines } from '../terminal/text.ts'

interface ListOptions {
  readonly database?: string
  readonly user?: string
  readonly status?: Status | 'active'
  readonly all?: boolean
}

export function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .summary('lists the credentials')
    .description(
      'Lists the credentials, oldest first: all, or those of one user or status. Those that remove themselves when they have expired, as a token endpoint makes them for machines, are left out without --all. Keys are not shown. Times of use are exact to a minute; FAILED counts the requests in its name that were refused in the last 24 hours, those of strangers among them.',
    )
    .option('--user <user>', 'those of this user alone')
    .addOption(
      new Option(
        '--status <status>',
        'those of this status alone; active is the same as valid',
      ).choices(['valid', 'active', 'expired', 'disabled', 'revoked']),
    )
    .option('--all', 'those that machines got from a token endpoint as well')
    .addHelpText(
      'after',
      examples(
        ['withmac list', 'all that people made'],
        ['withmac list --user ada --status valid', "ada's that can be used"],
        ['withmac list --all', "machines' own as well"],
        ["withmac list --status expired --json | jq -r '.[].id'", 'for scripts'],
      ),
    )
    .action(async (_, command: Command) => {
      const { database, ...filter } = command.optsWithGlobals<ListOptions>()
      const place = existingPlace(database)
      // Imported when it is needed: it brings Zod along.
      const { readFilter } = await import('../../credentials/validate.ts')
      readFilter({ user: filter.user })
      warnOfMemory(place, terminal)
      const now = new Date()
      const { found, leftOut } = await credentialsOf(place, filter, now)
      terminal.give(
        found.map((credential) => credentialJson(credential, now)),
        () =>
          found.length === 0
            ? []
            : tableLines(columns(found, terminal, now), found, terminal.colors, terminal.columns),
      )
      if (found.length === 0) terminal.note(plain(nothing(filter, place)))
      if (leftOut > 0) {
        terminal.note(
          `${manyCredentials(leftOut)} that ${leftOut === 1 ? 'removes itself' : 'remove themselves'} after expiry, as machines get them, ${leftOut === 1 ? 'is' : 'are'} left out: --all shows them.`,
        )
      }
    })
}

interface Found {
  readonly found: readonly Credential[]
  /** How many of machines there are that `--all` would show. */
  readonly leftOut: number
}

async function credentialsOf(
  place: Place,
  { user, status, all = false }: ListOptions,
  now: Date,
): Promise<Found> {
  const wanted = status === 'active' ? 'valid' : status
  return withStoreOf(place, async ({ credentials }) => {
    const stored = await credentials.list(user ?? null)
    const usage = await credentials.usage(currentSeconds(systemClock), null)
    const shown = stored
      .map((each) => ({
        credential: fromStored(each, usage.get(each.id)),
        // Only what removes itself is made by machines in numbers.
        ofMachine: each.removeAt !== null,
      }))
      .filter(({ credential }) => wanted === undefined || statusOf(credential, now) === wanted)
    const found = shown.filter(({ ofMachine }) => all || !ofMachine)
    return {
      found: found.map(({ credential }) => credential),
      leftOut: shown.length - found.length,
    }
  })
}

function nothing({ user, status }: ListOptions, { path }: Place): string {
  const whose = user === undefined ? '' : ` of ${nameOf(user)}`
  const which = status === undefined ? '' : `${status} `
  return `There is no ${which}credential${whose} in ${path}. "${pasted('create USER')}" makes one.`
}

function columns(
  found: readonly Credential[],
  { colors }: Terminal,
  now: Date,
): Column<Credential>[] {
  const labels: Column<Credential> = {
    title: 'LABEL',
    text: ({ label }) => label ?? '',
    least: 5,
    spare: 'last',
  }
  const failures: Column<Credential> = {
    title: 'FAILED',
    text: (credential) => (credential.failures === 0 ? '' : String(credential.failures)),
    color: () => colors.yellow,
  }
  return [
    { title: 'ID', text: ({ id }) => id },
    { title: 'USER', text: ({ user }) => user, least: 8 },
    ...(found.some(({ label }) => label !== null) ? [labels] : []),
    {
      title: 'CREATED',
      text: ({ created }) => created.toISOString().slice(0, 10),
      spare: 'first',
    },
    { title: 'LAST USED', text: ({ lastUsed }) => useOf(lastUsed, now) },
    ...(found.some((credential) => credential.failures > 0) ? [failures] : []),
    {
      title: 'STATUS',
      text: (credential) => shortStatus(credential, now),
      color: (credential) => statusColor(credential, now, colors),
      least: 8,
    },
  ]
}

function useOf(lastUsed: Date | null, now: Date): string {
  return lastUsed === null ? 'never' : showAgo(lastUsed, now, showShortSpan)
}
