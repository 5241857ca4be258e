import { Command } from 'commander'
import { credentialJson } from '../credential-text.ts'
import { existingPlace, withMacOf } from '../database.ts'
import { examples } from '../help.ts'
import { showMoment } from '../terminal/moments.ts'
import { plain } from '../terminal/plain.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { found } from './found.ts'

export function revokeCommand(terminal: Terminal): Command {
  return new Command('revoke')
    .summary('makes a credential worthless')
    .description(
      'Makes a credential worthless from its next request on, also in servers that are running. It stays in the list.',
    )
    .argument('<id>', 'its key identifier')
    .addHelpText(
      'after',
      examples(['withmac revoke 3f9c2a1be0d14c7fa6b2d9e1', 'cannot be taken back']),
    )
    .action(async (id: string, _, command: Command) => {
      const place = existingPlace(command.optsWithGlobals<{ database?: string }>().database)
      const [before, after] = await withMacOf(place, async (mac) => {
        const first = await found(mac, id, place)
        await mac.revokeCredential(id)
        return [first, await found(mac, id, place)]
      })
      terminal.give(credentialJson(after, new Date()), () => {
        const whose = `${plain(id)} of ${plain(before.user)}`
        if (before.revoked !== null) {
          return [`${whose} was revoked before, ${showMoment(before.revoked)}; it stays so.`]
        }
        return [`${terminal.colors.red('revoked')} ${whose}: its next request is refused.`]
      })
    })
}
