import { Command } from 'commander'
import { showMoment, showSpan, showUse } from '../../moments.ts'
import { plain } from '../../protocol/terminal-text.ts'
import { credentialJson, statusOf, statusText } from '../credential-text.ts'
import { existingPlace, foundUnrevoked, withMacOf } from '../database.ts'
import { examples, lineOn } from '../help.ts'
import type { PlaceOptions } from '../place.ts'
import type { Terminal } from '../terminal/terminal.ts'

export function disableCommand(terminal: Terminal): Command {
  return new Command('disable')
    .summary('disables a credential until it is enabled again')
    .description(
      'Disables a credential until it is enabled again. Its next request is rejected, also by servers that are already running. The client gets the same response as for a wrong key.',
    )
    .argument('<id>', 'the key identifier')
    .addHelpText(
      'after',
      examples(['withmac disable 3f9c2a1be0d14c7fa6b2d9e1', 'undo it with "withmac enable"']),
    )
    .action(async (id: string, _, command: Command) => {
      const place = await existingPlace(command.optsWithGlobals<PlaceOptions>())
      const [before, after] = await withMacOf(place, async (mac) => [
        await foundUnrevoked(mac, id, place),
        await mac.disableCredential(id),
      ])
      const now = new Date()
      terminal.give(credentialJson(after, now), () => {
        const { cyan, red } = terminal.colors
        const whose = `${plain(id)} of ${plain(after.user)}`
        if (before.disabled !== null) {
          return [`${whose} was already disabled ${showMoment(before.disabled)}; nothing changed.`]
        }
        return [
          `${red('disabled')} ${whose}: its next request is rejected. It was ${showUse(after.lastUsed, now)}.`,
          `To undo this: ${cyan(lineOn(id, 'enable'))}`,
        ]
      })
    })
}

export function enableCommand(terminal: Terminal): Command {
  return new Command('enable')
    .summary('enables a disabled credential')
    .description('Enables a credential that was disabled. Its next request is accepted again.')
    .argument('<id>', 'the key identifier')
    .addHelpText(
      'after',
      examples(['withmac enable 3f9c2a1be0d14c7fa6b2d9e1', 'after "withmac disable"']),
    )
    .action(async (id: string, _, command: Command) => {
      const place = await existingPlace(command.optsWithGlobals<PlaceOptions>())
      const [before, after] = await withMacOf(place, async (mac) => [
        await foundUnrevoked(mac, id, place),
        await mac.enableCredential(id),
      ])
      const now = new Date()
      terminal.give(credentialJson(after, now), () => {
        const { cyan, green, yellow } = terminal.colors
        const whose = `${plain(id)} of ${plain(after.user)}`
        const status = statusText(after, now)
        const since = before.disabled
        const enabled =
          since === null
            ? `${whose} was not disabled; nothing changed. It is ${status}.`
            : `${green('enabled')} ${whose}, after ${showSpan((now.getTime() - since.getTime()) / 1000)}: it is ${status}.`
        if (statusOf(after, now) !== 'expired') return [enabled]
        const extend = cyan(lineOn(id, 'extend', '--expires 30d'))
        return [enabled, `${yellow('It is still rejected')}. To extend it: ${extend}`]
      })
    })
}
