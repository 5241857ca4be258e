import { sendCopies } from '../traffic/copies.ts'
import { runLanes } from '../traffic/load.ts'
import type { Fault } from './fault.ts'

/** Copies of one request reach all processes at the same time, again and again. */
export const copies: Fault = {
  name: 'copies',
  async run(world) {
    const before = world.tally.count('401 ERR_MAC_REPLAY')
    const lanes = runLanes(8, () => sendCopies(world, world.steady))
    await Bun.sleep(world.random.between(1200, 2000))
    await lanes.stop()
    const rejected = world.tally.count('401 ERR_MAC_REPLAY') - before
    return { note: `${rejected} copies rejected`, felt: rejected > 0 }
  },
}
