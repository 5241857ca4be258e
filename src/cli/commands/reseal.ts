import { Command } from 'commander'
import { plain } from '../../protocol/terminal-text.ts'
import type { Resealed } from '../../types.ts'
import { manyCredentials } from '../credential-text.ts'
import { existingPlace, withMacOf } from '../database.ts'
import { EXIT } from '../failure.ts'
import { examples, pasted } from '../help.ts'
import type { PlaceOptions } from '../place.ts'
import { progressBar, type Terminal } from '../terminal/terminal.ts'

interface ResealCommandOptions extends PlaceOptions {
  readonly vacuum?: boolean
}

export function resealCommand(terminal: Terminal): Command {
  return (
    new Command('reseal')
      .summary('seals (encrypts) all keys with the current sealing key')
      .description(
        'Seals (encrypts) all keys with the first sealing key of MAC_SEALING_KEY: keys that are not sealed yet, and keys that are sealed with another one of the list. Servers may keep running. If the command was killed, run it again after ten seconds: it continues where it stopped.',
      )
      // The order matters: otherwise the option would be true by default.
      .option(
        '--vacuum',
        'rewrites the table in PostgreSQL at the end, so that no old copies of keys stay in it. Servers wait meanwhile (default for SQLite)',
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
        const options = command.optsWithGlobals<ResealCommandOptions>()
        const { vacuum } = options
        const bar = progressBar('sealing', terminal)
        const onProgress = ({ done, total }: { done: number; total: number }) =>
          bar.show(done, total)
        const place = await existingPlace(options)
        const reseal = withMacOf(place, (mac) => mac.reseal({ onProgress, vacuum }))
        const result = await reseal.finally(() => bar.end())
        terminal.give(result, () => resultLines(result, terminal))
        if (result.unopened.length > 0 || result.logEmptied === false) terminal.status = EXIT.no
        if ('url' in place.source) noteCopies(vacuum === true, terminal)
        else if (vacuum === false) {
          terminal.note(
            'Old copies of keys may still be in unused parts of the file. To remove them, run this again without --no-vacuum.',
          )
        }
      })
  )
}

/** @param isRewritten Whether the table was rewritten. */
function noteCopies(isRewritten: boolean, terminal: Terminal): void {
  if (!isRewritten) {
    terminal.note(
      'Old copies of keys may still be in unused parts of the table. To remove them, run this again with --vacuum: servers wait meanwhile.',
    )
  }
  terminal.note(
    "In any case they stay in PostgreSQL's write-ahead log until that is recycled, in archives of it, and in backups.",
  )
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
