import { Command } from 'commander'
import { plain } from '../../protocol/text.ts'
import type { Resealed } from '../../types.ts'
import { manyCredentials } from '../credential-text.ts'
import { existingPlace, withMacOf } from '../database.ts'
import { EXIT } from '../failure.ts'
import { examples, pasted } from '../help.ts'
import { progressBar, type Terminal } from '../terminal/terminal.ts'

interface ResealCommandOptions {
  readonly database?: string
  readonly vacuum?: boolean
}

export function resealCommand(terminal: Terminal): Command {
  return new Command('reseal')
    .summary('seals all keys by the current sealing key')
    .description(
      'Brings all keys under the first sealing key of MAC_SEALING_KEY: those that are not sealed yet, and those that another of its sealing keys has sealed. Servers go on working. If it was killed, run it again ten seconds later: it goes on from there.',
    )
    .option(
      '--no-vacuum',
      'does not rewrite the whole file at the end, for which servers wait, about a second for each 100 MB: copies of keys as they were may then be left in it',
    )
    .addHelpText(
      'after',
      examples(
        ['withmac reseal', 'with MAC_SEALING_KEY=new: seals what is not sealed'],
        [
          'withmac reseal --json',
          'with MAC_SEALING_KEY=new,old: from an old sealing key to a new one',
        ],
      ),
    )
    .action(async (_, command: Command) => {
      const { database, vacuum } = command.optsWithGlobals<ResealCommandOptions>()
      const bar = progressBar('sealing', terminal)
      const onProgress = ({ done, total }: { done: number; total: number }) => bar.show(done, total)
      const reseal = withMacOf(existingPlace(database), (mac) => mac.reseal({ onProgress, vacuum }))
      const result = await reseal.finally(() => bar.end())
      terminal.give(result, () => resultLines(result, terminal))
      if (result.unopened.length > 0 || !result.logEmptied) terminal.status = EXIT.no
      if (vacuum === false) {
        terminal.note(
          'Copies of keys as they were may be left between the rows of the file: without --no-vacuum they go.',
        )
      }
    })
}

function resultLines(result: Resealed, { colors }: Terminal): string[] {
  const { resealed, sealedBy, unopened, logEmptied } = result
  const lines = [
    resealed === 0
      ? `all keys that can be opened are sealed by the sealing key ${sealedBy} already`
      : `${colors.green('sealed')} the keys of ${manyCredentials(resealed)} by the sealing key ${sealedBy}`,
  ]
  if (unopened.length > 0) {
    lines.push(
      `${colors.red('not opened')}: the keys of ${unopened.map(plain).join(', ')}, which were changed or moved. "${pasted('rotate ID --grace 0')}" gives each a new one.`,
    )
  }
  if (!logEmptied) {
    lines.push(
      `${colors.red('not finished')}: the log beside the database still holds keys as they were, since others were reading from it all the time. Run this once more.`,
    )
  }
  return lines
}
