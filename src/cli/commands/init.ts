import { Command } from 'commander'
import { plain } from '../../protocol/text.ts'
import { manyCredentials } from '../credential-text.ts'
import { findPlace, warnOfMemory, withMacOf } from '../database.ts'
import { examples, pasted } from '../help.ts'
import type { Terminal } from '../terminal/terminal.ts'

export function initCommand(terminal: Terminal): Command {
  return new Command('init')
    .summary('makes the database')
    .description(
      'Makes the database with its tables, or brings those that are there up to this version. Nothing that is in it is lost.',
    )
    .addHelpText(
      'after',
      examples(
        ['withmac init', 'mac.db in this folder'],
        [
          'withmac init --database sqlite:/var/lib/app/mac.db',
          'elsewhere; the folder must be there',
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
        if (file === null) return [`${green('made')} the tables in memory, and nothing else`]
        if (existed) {
          return [
            `${plain(path)} is there already and up to date, with ${manyCredentials(credentials)} in it.`,
          ]
        }
        return [
          `${green('made')} ${plain(path)}`,
          'It will hold keys: only you can read it, and it belongs in no repository (mac.db* in .gitignore).',
          '',
          `Next: ${cyan(pasted('create USER'))} makes a credential, and withMac(handler) in your server checks it.`,
        ]
      })
    })
}
