import { Command } from 'commander'
import { currentSeconds, systemClock } from '../../callback.ts'
import { Cleanup } from '../../server/cleanup.ts'
import { errorConverter } from '../../store/store-failure.ts'
import { existingPlace, type Place, warnOfMemory, withStoreOf } from '../database.ts'
import { examples } from '../help.ts'
import type { Terminal } from '../terminal/terminal.ts'

/** The default of the server's option `windowSeconds`: how long a server needs nonces. */
const DEFAULT_WINDOW_SECONDS = 300

export function pruneCommand(terminal: Terminal): Command {
  return new Command('prune')
    .summary('removes old nonces')
    .description(
      'Removes the nonces that are too old for every server on this database. Servers also do this themselves while they handle requests.',
    )
    .addHelpText('after', examples(['withmac prune', 'servers may be running']))
    .action(async (_, command: Command) => {
      const place = existingPlace(command.optsWithGlobals<{ database?: string }>().database)
      warnOfMemory(place, terminal)
      await withStoreOf(place, async (store) => {
        const asked = place.file === null ? null : await keepSecondsOf(place)
        const keepSeconds = Math.max(DEFAULT_WINDOW_SECONDS, asked ?? 0)
        const now = currentSeconds(systemClock)
        const removed = await new Cleanup(keepSeconds).all(store, now)
        terminal.give({ removed, keepSeconds }, () => [
          `removed ${removed} ${removed === 1 ? 'nonce' : 'nonces'} older than ${keepSeconds} seconds`,
        ])
      })
    })
}

/** How long the servers on a database need nonces, in seconds; `null` if no server has stored it. */
async function keepSecondsOf({ file, path, driver }: Place): Promise<number | null> {
  // Loaded lazily, because it imports Kysely.
  const { withInspected } = await import('../../doctor/inspect.ts')
  try {
    return await withInspected({ path: file, driver }, ({ state }) => state('keep_seconds'))
  } catch (error) {
    throw errorConverter(`The database ${path}`, file)(error)
  }
}
