import { Command } from 'commander'
import { existingPlace } from '../database.ts'
import { databaseFindings } from '../doctor/database.ts'
import { type Finding, findingLines } from '../doctor/finding.ts'
import { EXIT } from '../exit-status.ts'
import { examples } from '../help.ts'
import { demandSqlite } from '../sqlite.ts'
import type { Terminal } from '../terminal/terminal.ts'

export function doctorCommand(terminal: Terminal): Command {
  return new Command('doctor')
    .summary('looks for what is wrong with the database')
    .description('Checks the database: file, rights, tables, counts, disk, clock. Changes nothing.')
    .addHelpText('after', examples(['withmac doctor', 'the database']))
    .action(async (_, command: Command) => {
      const { database } = command.optsWithGlobals<{ database?: string }>()
      const place = existingPlace(database)
      await demandSqlite(place.driver)
      give(await databaseFindings(place), terminal)
    })
}

function give(findings: readonly Finding[], terminal: Terminal): void {
  const ok = findings.every(({ state }) => state !== 'bad')
  terminal.give({ ok, findings }, () => findingLines(findings, terminal.colors))
  if (!ok) terminal.status = EXIT.no
}
