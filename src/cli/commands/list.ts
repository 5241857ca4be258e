import { Command } from 'commander'
import type { Credential } from '../../credentials/credential.ts'
import { credentialJson, standingColor, standingText } from '../credential-text.ts'
import { existingPlace, withMacOf } from '../database.ts'
import { examples } from '../help.ts'
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
      'Lists the credentials, oldest first: all, or those of one user. Keys are not shown.',
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
      const found = await withMacOf(place, (mac) => mac.listCredentials({ user }))
      const now = new Date()
      terminal.give(
        found.map((credential) => credentialJson(credential, now)),
        () =>
          found.length === 0
            ? []
            : tableLines(columns(terminal, now), found, terminal.colors, terminal.columns),
      )
      if (found.length === 0) {
        const whose = user === undefined ? '' : ` of ${user}`
        terminal.note(
          `There is no credential${whose} in ${place.path}. "withmac create USER" makes one.`,
        )
      }
    })
}

function columns({ colors }: Terminal, now: Date): Column<Credential>[] {
  return [
    { title: 'ID', text: ({ id }) => id },
    { title: 'USER', text: ({ user }) => user, least: 8 },
    { title: 'LABEL', text: ({ label }) => label ?? '', least: 5 },
    { title: 'CREATED', text: ({ created }) => created.toISOString().slice(0, 10), spare: true },
    {
      title: 'STANDING',
      text: (credential) => standingText(credential, now),
      color: (credential) => standingColor(credential, now, colors),
    },
  ]
}
