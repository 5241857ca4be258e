import { cutPower } from '../power/cut.ts'
import { readWal } from '../power/wal.ts'
import { replayAll, stillFresh } from '../traffic/replays.ts'
import type { Fault } from './fault.ts'
import { revive } from './kill.ts'

/**
 * The power fails where commits are not synced one by one: the last of them are gone, and with them
 * nonces of requests that were let in.
 */
export const powerCut: Fault = {
  name: 'power cut',
  durability: 'normal',
  async run(world) {
    const { random, settings, ledger } = world
    let nonces = 0
    const times = random.between(1, 2)
    for (let time = times; time > 0; time--) {
      const before = readWal(settings.path)
      await Bun.sleep(random.between(400, 900))
      world.note('the power fails')
      await Promise.all(world.up.map((server) => server.kill()))
      const cut = cutPower(settings.path, before, random)
      world.note(`cut ${cut.transactions} transactions, ${cut.nonces} nonces; mark ${cut.mark}`)
      world.floor.markIs(cut.mark)
      nonces += cut.nonces
      await revive(world)
      await replayAll(world, stillFresh(world).slice(-2000))
    }
    const note = `${times} times, ${nonces} of ${ledger.passed.length} nonces lost`
    return { note, felt: nonces > 0 }
  },
}
