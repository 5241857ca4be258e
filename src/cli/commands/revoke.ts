import { Command } from 'commander'
import { plain } from '../../protocol/plain-text.ts'
import { isSure } from '../confirm.ts'
import { credentialJson } from '../credential-text.ts'
import { existingPlace, withMacOf } from '../database.ts'
import { EXIT } from '../exit-status.ts'
import { examples } from '../help.ts'
import { showMoment } from '../terminal/moments.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { found } from './found.ts'

interface RevokeOptions {
  readonly database?: string
  readonly yes?: boolean
}

export function revokeCommand(terminal: Terminal): Command {
  return new Command('revoke')
    .summary('makes a credential worthless')
    .description(
      'Makes a credential worthless from its next request on, also in servers that are running, after asking on a terminal. That cannot be taken back; "withmac disable" can. It stays in the list.',
    )
    .argument('<id>', 'its key identifier')
    .option('-y, --yes', 'revokes it without asking')
    .addHelpText(
      'after',
      examples(
        ['withmac revoke 3f9c2a1be0d14c7fa6b2d9e1', 'asks first: it cannot be taken back'],
        ['withmac revoke 3f9c2a1be0d14c7fa6b2d9e1 --yes', 'for scripts'],
      ),
    )
    .action(async (id: string, _, command: Command) => {
      const { database, yes = false } = command.optsWithGlobals<RevokeOptions>()
      const place = existingPlace(database)
      await withMacOf(place, async (mac) => {
        const before = await found(mac, id, place)
        // What is revoked already stays so: there is nothing to ask.
        if (before.revoked === null && !yes && !(await isSure('revoke', before, terminal))) {
          terminal.note('Nothing was revoked.')
          terminal.status = EXIT.no
          return
        }
        await mac.revokeCredential(id)
        const after = await found(mac, id, place)
        terminal.give(credentialJson(after, new Date()), () => {
          const whose = `${plain(id)} of ${plain(before.user)}`
          if (before.revoked !== null) {
            return [`${whose} was revoked before, ${showMoment(before.revoked)}; it stays so.`]
          }
          return [`${terminal.colors.red('revoked')} ${whose}: its next request is refused.`]
        })
      })
    })
}
