import { Command } from 'commander'
import { plain } from '../../protocol/plain-text.ts'
import { credentialJson } from '../credential-text.ts'
import { existingPlace, withMacOf } from '../database.ts'
import { examples } from '../help.ts'
import { lineOn } from '../quote.ts'
import { showMoment, showUse } from '../terminal/moments.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { foundUnrevoked } from './found.ts'

export function disableCommand(terminal: Terminal): Command {
  return new Command('disable')
    .summary('takes a credential out of use for a while')
    .description(
      'Takes a credential out of use from its next request on, also in servers that are running, until it is enabled again. To its user it looks like a wrong key.',
    )
    .argument('<id>', 'its key identifier')
    .addHelpText(
      'after',
      examples(['withmac disable 3f9c2a1be0d14c7fa6b2d9e1', '"withmac enable" takes it back']),
    )
    .action(async (id: string, _, command: Command) => {
      const place = existingPlace(command.optsWithGlobals<{ database?: string }>().database)
      const [before, after] = await withMacOf(place, async (mac) => [
        await foundUnrevoked(mac, id, place),
        await mac.disableCredential(id),
      ])
      const now = new Date()
      terminal.give(credentialJson(after, now), () => {
        const { cyan, red } = terminal.colors
        const whose = `${plain(id)} of ${plain(after.user)}`
        if (before.disabled !== null) {
          return [`${whose} was disabled before, ${showMoment(before.disabled)}; it stays so.`]
        }
        return [
          `${red('disabled')} ${whose}: its next request is refused. It was ${showUse(after.lastUsed, now)}.`,
          `To take it back: ${cyan(lineOn(id, 'enable'))}`,
        ]
      })
    })
}
