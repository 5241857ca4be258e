import { Command } from 'commander'
import { showMoment } from '../../moments.ts'
import { plain } from '../../protocol/terminal-text.ts'
import { credentialJson, showExpiry, statusText } from '../credential-text.ts'
import { existingPlace, foundUnrevoked, withMacOf } from '../database.ts'
import { examples, lineOn } from '../help.ts'
import type { PlaceOptions } from '../place.ts'
import { readExpiry } from '../terminal/moments.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface ExtendOptions extends PlaceOptions {
  readonly expires: string
}

export function extendCommand(terminal: Terminal): Command {
  return new Command('extend')
    .summary('changes when a credential expires')
    .description(
      'Sets a new expiry time, later or earlier. A credential that has expired becomes valid again. The key stays the same.',
    )
    .argument('<id>', 'the key identifier')
    .requiredOption('--expires <when>', '30d from now (or s, m, h, w), never, or 2030-12-31')
    .addHelpText(
      'after',
      examples(
        ['withmac extend 3f9c2a1be0d14c7fa6b2d9e1 --expires 90d', '90 days from now'],
        ['withmac extend 3f9c2a1be0d14c7fa6b2d9e1 --expires never', 'valid until it is revoked'],
      ),
    )
    .action(async (id: string, _, command: Command) => {
      const options = command.optsWithGlobals<ExtendOptions>()
      const { expires } = options
      const end = readExpiry(expires, new Date())
      const place = await existingPlace(options)
      const [before, after] = await withMacOf(place, async (mac) => [
        await foundUnrevoked(mac, id, place),
        await mac.extendCredential(id, end),
      ])
      const now = new Date()
      terminal.give(credentialJson(after, now), () => {
        const { cyan, green, yellow } = terminal.colors
        const whose = `${plain(id)} of ${plain(after.user)}`
        const from = showExpiry(before.expires)
        const to = showExpiry(after.expires)
        if (before.expires?.getTime() === after.expires?.getTime()) {
          return [
            `${whose} already expires then; nothing changed. It is ${statusText(after, now)}.`,
          ]
        }
        const moved = `${green('changed')} the expiry of ${whose} from ${from} to ${to}.`
        if (after.disabled === null) return [moved, `It is ${statusText(after, now)}.`]
        const since = showMoment(after.disabled)
        return [
          moved,
          `${yellow('It is still rejected')}: it was disabled ${since}. To enable it: ${cyan(lineOn(id, 'enable'))}`,
        ]
      })
    })
}
