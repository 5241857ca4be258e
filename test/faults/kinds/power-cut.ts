import { cutPower } from '../power/cut.ts'
import { readWal } from '../power/wal.ts'
import { replayAll, stillFresh } from '../traffic/replays.ts'
import type { Fault } from './fault.ts'
import { revive } from './kill.ts'

/** The power fails, and everything that was not synced is lost. It must not contain an accepted request. */
export const powerCut: Fault = {
  name: 'power cut',
  notesSyncs: true,
  async run(world) {
    const { random, settings, syncs } = world
    if (syncs === null) throw new Error('the processes do not note their syncs')
    let nonces = 0
    let replays = 0
    let transactions = 0
    let before = readWal(settings.path)
    for (let time = 1; time <= 2; time++) {
      await Bun.sleep(random.between(400, 1200))
      world.note('the power fails')
      await Promise.all(world.up.map((server) => server.kill()))
      const cut = cutPower(settings.path, before, syncs, random)
      // The rest of the log is now in the database itself, and a new log begins.
      before = null
      world.note(`cut ${cut.transactions} transactions, ${cut.nonces} nonces`)
      nonces += cut.nonces
      transactions += cut.transactions
      await revive(world)
      const earlier = world.tally.replays
      await replayAll(world, stillFresh(world).slice(-2000))
      replays += world.tally.replays - earlier
    }
    const note = `twice, lost ${transactions} transactions with ${nonces} nonces, ${replays} replays`
    return { note, felt: replays > 0 }
  },
}
