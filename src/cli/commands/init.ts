import { Command } from 'commander'
import { plain } from '../../protocol/terminal-text.ts'
import { manyCredentials } from '../credential-text.ts'
import { findPlace, warnOfMemory, withMacOf } from '../database.ts'
import { examples, pasted } from '../help.ts'
import { isInMemory, type PlaceOptions } from '../place.ts'
import type { Terminal } from '../terminal/terminal.ts'

export function initCommand(terminal: Terminal): Command {
  return new Command('init')
    .summary('creates the database, or migrates it')
    .description(
      'Creates the database with its tables; in PostgreSQL, the tables. If they exist, migrates them to this version; no data is lost.',
    )
    .addHelpText(
      'after',
      examples(
        ['withmac init', 'mac.db in this folder'],
        [
          'withmac init --database sqlite:/var/lib/app/mac.db',
          'in another folder, which must exist',
        ],
        [
          'withmac init --database postgres://app@db.example.com/app',
          'tables in PostgreSQL; the password from PGPASSWORD',
        ],
      ),
    )
    .action(async (_, command: Command) => {
      const place = await findPlace(command.optsWithGlobals<PlaceOptions>())
      warnOfMemory(place, terminal)
      // A new database is prepared for nonces too. Of an existing one, servers decide where they are.
      const credentials = await withMacOf(
        place,
        async (mac) => (await mac.listCredentials()).length,
        !place.existed,
      )
      const { file, path, url, existed } = place
      terminal.give({ path, url, created: !existed, credentials }, () => {
        const { green, cyan } = terminal.colors
        if (isInMemory(place)) return [`${green('created')} the tables in memory, and no file`]
        const next = `Next: create a credential with ${cyan(pasted('create USER'))}, and wrap your handler: withMac(handler).`
        if (existed) {
          const exists =
            file === null
              ? `The tables of withmac in ${plain(path)} already exist and are`
              : `${plain(path)} already exists and is`
          return [`${exists} up to date. It has ${manyCredentials(credentials)}.`]
        }
        if (file === null) {
          return [
            `${green('created')} the tables of withmac in ${plain(path)}`,
            'They will contain keys. Whoever may read mac_credentials, or a backup of it, can sign requests, unless the keys are sealed.',
            '',
            next,
          ]
        }
        return [
          `${green('created')} ${plain(path)}`,
          'It will contain keys. Only you can read it. Do not commit it: add mac.db* to .gitignore.',
          '',
          next,
        ]
      })
    })
}
