import { Command } from 'commander'
import { plain } from '../../protocol/terminal-text.ts'
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
    .summary('seals (encrypts) all keys with the current sealing key')
    .description(
      'Seals (encrypts) all keys with the first sealing key of MAC_SEALING_KEY: keys that are not sealed yet, and keys that are sealed with another one of the list. Servers may keep running. If the command was killed, run it again after ten seconds: it continues where it stopped.',
    )
    .option(
      '--no-vacuum',
      'does not rewrite the file at the end. Servers do not have to wait (about a second per 100 MB), but old copies of keys may stay in the file',
    )
    .addHelpText(
      'after',
      examples(
        ['withmac reseal', 'MAC_SEALING_KEY=new: seals the keys that are not sealed'],
        ['withmac reseal --json', 'MAC_SEALING_KEY=new,old: replaces the old sealing key'],
      ),
    )
    .action(async (_, command: Command) => {
      const { database, vacuum } = command.optsWithGlobals<ResealCommandOptions>()
      const bar = progressBar('sealing', terminal)
      const onProgress = ({ done, total }: { done: number; total: number }) => bar.show(done, total)
      const reseal = withMacOf(existingPlace(database), (mac) => mac.reseal({ onProgress, vacuum }))
      const result = await reseal.finally(() => bar.end())
      terminal.give(result, () => resultLines(result, terminal))
      if (result.unopened.length > 0 || result.logEmptied === false) terminal.status = EXIT.no
      if (vacuum === false) {
        terminal.note(
          'Old copies of keys may still be in unused parts of the file. To remove them, run this again without --no-vacuum.',
        )
      }
    })
}

function resultLines(result: Resealed, { colors }: Terminal): string[] {
  const { resealed, sealedBy, unopened, logEmptied } = result
  const lines = [
    resealed === 0
      ? `nothing to do: all keys that can be opened are already sealed with the sealing key ${sealedBy}`
      : `${colors.green('sealed')} the keys of ${manyCredentials(resealed)} with the sealing key ${sealedBy}`,
  ]
  if (unopened.length > 0) {
    lines.push(
      `${colors.red('not opened')}: the keys of ${unopened.map(plain).join(', ')}. They were changed, or copied from another row. To give each a new key: "${pasted('rotate ID --grace 0')}".`,
    )
  }
  if (logEmptied === false) {
    lines.push(
      `${colors.red('not finished')}: the write-ahead log (the -wal file) still contains old copies of keys, because other processes were reading it the whole time. Run this command again.`,
    )
  }
  return lines
}
