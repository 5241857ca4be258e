import { Command } from 'commander'
import { currentSeconds, systemClock } from '../../server/clock.ts'
import { Pruning } from '../../server/pruning.ts'
import { existingPlace } from '../database.ts'
import { examples } from '../help.ts'
import { withInspected } from '../inspect.ts'
import { demandSqlite } from '../sqlite.ts'
import type { Terminal } from '../terminal/terminal.ts'

/** What a server keeps nonces for where it sets nothing else. */
const DEFAULT_WINDOW_SECONDS = 300

export function pruneCommand(terminal: Terminal): Command {
  return new Command('prune')
    .summary('removes nonces that no longer matter')
    .description(
      'Removes nonces that no longer matter: those older than the servers on this database ask for. Servers do so themselves, as requests come.',
    )
    .addHelpText('after', examples(['withmac prune', 'while servers run, or without them']))
    .action(async (_, command: Command) => {
      const place = existingPlace(command.optsWithGlobals<{ database?: string }>().database)
      await demandSqlite(place.driver)
      const { openStore } = await import('../../store/open.ts')
      const { environmentSealer } = await import('../../store/sealing/sealing-source.ts')
      const { path, driver } = place
      const store = await openStore({ path, driver }, 'full', environmentSealer())
      try {
        const asked = await withInspected(place, ({ state }) => state('keep_seconds'))
        const keepSeconds = Math.max(DEFAULT_WINDOW_SECONDS, asked ?? 0)
        const now = currentSeconds(systemClock)
        const removed = await new Pruning(keepSeconds).all(store, now)
        terminal.give({ removed, keepSeconds }, () => [
          `removed ${removed} ${removed === 1 ? 'nonce' : 'nonces'} older than ${keepSeconds} seconds`,
        ])
      } finally {
        await store.close()
      }
    })
}
