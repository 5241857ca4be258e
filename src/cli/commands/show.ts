import { Command } from 'commander'
import { credentialJson, credentialLines, useFields } from '../credential-text.ts'
import { existingPlace, found, withMacOf } from '../database.ts'
import { examples } from '../help.ts'
import type { PlaceOptions } from '../place.ts'
import type { Terminal } from '../terminal/terminal.ts'

export function showCommand(terminal: Terminal): Command {
  return new Command('show')
    .summary('shows a credential')
    .description(
      'Shows everything about a credential except its key. The last use is exact to a minute.',
    )
    .argument('<id>', 'the key identifier')
    .addHelpText(
      'after',
      examples(['withmac show 3f9c2a1be0d14c7fa6b2d9e1', 'an identifier from "withmac list"']),
    )
    .action(async (id: string, _, command: Command) => {
      const place = await existingPlace(command.optsWithGlobals<PlaceOptions>())
      const credential = await withMacOf(place, (mac) => found(mac, id, place))
      const now = new Date()
      const { colors } = terminal
      terminal.give(credentialJson(credential, now), () =>
        credentialLines(credential, now, colors, useFields(credential, now, colors)),
      )
    })
}
