import { Command } from 'commander'
import { plain } from '../../protocol/terminal-text.ts'
import { manyCredentials } from '../credential-text.ts'
import { findPlace, warnOfMemory, withMacOf } from '../database.ts'
import { examples, pasted } from '../help.ts'
import type { Terminal } from '../terminal/terminal.ts'

export function initCommand(terminal: Terminal): Command {
  return new Command('init')
    .summary('creates the database, or migrates it')
    .description(
      'Creates the database with its tables. If it exists, migrates its tables to this version; no data is lost.',
    )
    .addHelpText(
      'after',
      examples(
        ['withmac init', 'mac.db in this folder'],
        [
          'withmac init --database sqlite:/var/lib/app/mac.db',
          'in another folder, which must exist',
        ],
      ),
    )
    .action(async (_, command: Command) => {
      const place = findPlace(command.optsWithGlobals<{ database?: string }>().database)
      warnOfMemory(place, terminal)
      const credentials = await withMacOf(
        place,
        async (mac) => (await mac.listCredentials()).length,
      )
      const { file, path, url, existed } = place
      terminal.give({ path, url, created: !existed, credentials }, () => {
        const { green, cyan } = terminal.colors
        if (file === null) return [`${green('created')} the tables in memory, and no file`]
        if (existed) {
          return [
            `${plain(path)} already exists and is up to date. It has ${manyCredentials(credentials)}.`,
          ]
        }
        return [
          `${green('created')} ${plain(path)}`,
          'It will contain keys. Only you can read it. Do not commit it: add mac.db* to .gitignore.',
          '',
          `Next: create a credential with ${cyan(pasted('create USER'))}, and wrap your handler: withMac(handler).`,
        ]
      })
    })
}
