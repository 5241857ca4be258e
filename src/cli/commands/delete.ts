import { Command } from 'commander'
import { plain } from '../../protocol/plain-text.ts'
import { isSure } from '../confirm.ts'
import { credentialJson } from '../credential-text.ts'
import { existingPlace, withMacOf } from '../database.ts'
import { EXIT } from '../exit-status.ts'
import { examples } from '../help.ts'
import { lineOn } from '../quote.ts'
import { showUse } from '../terminal/moments.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { found } from './found.ts'

interface DeleteOptions {
  readonly database?: string
  readonly yes?: boolean
}

export function deleteCommand(terminal: Terminal): Command {
  return new Command('delete')
    .summary('removes a credential')
    .description(
      'Removes a credential, after asking on a terminal. A row of the history stays. One that is revoked or disabled instead stays in the list.',
    )
    .argument('<id>', 'its key identifier')
    .option('-y, --yes', 'removes it without asking')
    .addHelpText(
      'after',
      examples(
        ['withmac delete 3f9c2a1be0d14c7fa6b2d9e1', 'asks first'],
        ['withmac delete 3f9c2a1be0d14c7fa6b2d9e1 --yes', 'for scripts'],
      ),
    )
    .action(async (id: string, _, command: Command) => {
      const { database, yes = false } = command.optsWithGlobals<DeleteOptions>()
      const place = existingPlace(database)
      await withMacOf(place, async (mac) => {
        const credential = await found(mac, id, place)
        if (!yes && !(await isSure('delete', credential, terminal))) {
          terminal.note('Nothing was deleted.')
          terminal.status = EXIT.no
          return
        }
        await mac.deleteCredential(id)
        const now = new Date()
        terminal.give({ deleted: credentialJson(credential, now) }, () => {
          const { cyan, red } = terminal.colors
          const whose = `${plain(id)} of ${plain(credential.user)}`
          return [
            `${red('deleted')} ${whose}: its next request is refused. It was ${showUse(credential.lastUsed, now)}.`,
            `A row of the history stays: ${cyan(lineOn(id, 'history'))}`,
          ]
        })
      })
    })
}
