import { Command } from 'commander'
import { currentSeconds, systemClock } from '../../callback.ts'
import { Cleanup } from '../../server/cleanup.ts'
import type { Store } from '../../store/types.ts'
import { checkNonces, existingPlace, read, warnOfMemory, withStoreOf } from '../database.ts'
import { examples } from '../help.ts'
import type { Place, PlaceOptions } from '../place.ts'
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
      const place = await existingPlace(command.optsWithGlobals<PlaceOptions>())
      warnOfMemory(place, terminal)
      await checkNonces(place)
      const prune = async (store: Store) => {
        const asked = place.existed ? await keepSecondsOf(place) : null
        const keepSeconds = Math.max(DEFAULT_WINDOW_SECONDS, asked ?? 0)
        const now = currentSeconds(systemClock)
        const removed = await new Cleanup(keepSeconds).all(store, now)
        terminal.give({ removed, keepSeconds }, () => [
          `removed ${removed} ${removed === 1 ? 'nonce' : 'nonces'} older than ${keepSeconds} seconds`,
        ])
      }
      await withStoreOf(place, prune, true)
    })
}

/** How long the servers on a database need nonces, in seconds; `null` if no server has stored it. */
async function keepSecondsOf(place: Place): Promise<number | null> {
  // Loaded lazily, because it imports Kysely.
  const { inspect } = await import('../../doctor/inspect-any.ts')
  return read(place, () => inspect(place.source, ({ state }) => state('keep_seconds')))
}
