import { Command, Option } from 'commander'
import { currentSeconds, systemClock } from '../../callback.ts'
import { type Credential, fromStored } from '../../credentials/credential.ts'
import { showAgo, showShortSpan } from '../../moments.ts'
import { plain } from '../../protocol/terminal-text.ts'
import {
  credentialJson,
  manyCredentials,
  type Status,
  shortStatus,
  statusColor,
  statusOf,
} from '../credential-text.ts'
import { existingPlace, warnOfMemory, withStoreOf } from '../database.ts'
import { nameOf } from '../failure.ts'
import { examples, pasted } from '../help.ts'
import type { Place, PlaceOptions } from '../place.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { type Column, tableLines } from '../terminal/text.ts'

interface ListOptions extends PlaceOptions {
  readonly user?: string
  readonly status?: Status | 'active'
  readonly all?: boolean
}

export function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .summary('lists the credentials')
    .description(
      'Lists the credentials without their keys, the oldest first. Credentials that are removed after they expire, such as those from a token endpoint, are only listed with --all. LAST USED is exact to a minute. FAILED counts the rejected requests of the last 24 hours; anyone who knows the identifier can cause them.',
    )
    .option('--user <user>', 'only credentials of this user')
    .addOption(
      new Option(
        '--status <status>',
        'only credentials with this status; active means valid',
      ).choices(['valid', 'active', 'expired', 'disabled', 'revoked']),
    )
    .option('--all', 'also lists credentials from a token endpoint')
    .addHelpText(
      'after',
      examples(
        ['withmac list', 'all that people created'],
        ['withmac list --user ada --status valid', "ada's valid credentials"],
        ['withmac list --all', 'also those from a token endpoint'],
        ["withmac list --status expired --json | jq -r '.[].id'", 'for scripts'],
      ),
    )
    .action(async (_, command: Command) => {
      const filter = command.optsWithGlobals<ListOptions>()
      const place = await existingPlace(filter)
      // Loaded lazily, because it imports Zod.
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
          `Not listed: ${manyCredentials(leftOut)} that ${leftOut === 1 ? 'is' : 'are'} removed after expiry, such as those from a token endpoint. To list all: --all`,
        )
      }
    })
}

interface Found {
  readonly found: readonly Credential[]
  /** How many more credentials `--all` would list. */
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
        // The token endpoint sets `removeWhenExpired`.
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
  return `There is no ${which}credential${whose} in ${path}. To create one: "${pasted('create USER')}".`
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
