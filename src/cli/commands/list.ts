import { Command } from 'commander'
import type { Credential } from '../../credentials/credential.ts'
import { pasted } from '../called-as.ts'
import { credentialJson, shortStanding, standingColor } from '../credential-text.ts'
import { existingPlace, withMacOf } from '../database.ts'
import { nameOf } from '../failure.ts'
import { examples } from '../help.ts'
import { showAgo, showShortSpan } from '../terminal/moments.ts'
import { type Column, tableLines } from '../terminal/table.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface ListOptions {
  readonly database?: string
  readonly user?: string
}

export function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .summary('lists the credentials')
    .description(
      'Lists the credentials, oldest first: all, or those of one user. Keys are not shown. Times of use are exact to a minute; FAILED counts the requests in its name that were refused in the last 24 hours, those of strangers among them.',
    )
    .option('--user <user>', 'those of this user alone')
    .addHelpText(
      'after',
      examples(
        ['withmac list', 'all of them'],
        ['withmac list --user ada', "ada's"],
        ['withmac list --json | jq -r \'.[] | select(.standing == "expired").id\'', 'for scripts'],
      ),
    )
    .action(async (_, command: Command) => {
      const { database, user } = command.optsWithGlobals<ListOptions>()
      const place = existingPlace(database)
      // Imported when it is needed: it brings Zod along.
      const { readFilter } = await import('../../credentials/input.ts')
      readFilter({ user })
      const found = await withMacOf(place, (mac) => mac.listCredentials({ user }))
      const now = new Date()
      terminal.give(
        found.map((credential) => credentialJson(credential, now)),
        () =>
          found.length === 0
            ? []
            : tableLines(columns(found, terminal, now), found, terminal.colors, terminal.columns),
      )
      if (found.length === 0) {
        const whose = user === undefined ? '' : ` of ${nameOf(user)}`
        terminal.note(
          `There is no credential${whose} in ${place.path}. "${pasted('create USER')}" makes one.`,
        )
      }
    })
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
      title: 'STANDING',
      text: (credential) => shortStanding(credential, now),
      color: (credential) => standingColor(credential, now, colors),
      least: 8,
    },
  ]
}

function useOf(lastUsed: Date | null, now: Date): string {
  return lastUsed === null ? 'never' : showAgo(lastUsed, now, showShortSpan)
}
