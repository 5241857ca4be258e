import type { Fault } from './fault.ts'

/** A process is stopped, perhaps while it holds the write lock, and continued. */
export const pause: Fault = {
  name: 'pause',
  async run(world) {
    const { random } = world
    const times = random.between(2, 4)
    for (let time = times; time > 0; time--) {
      await Bun.sleep(random.between(50, 300))
      const frozen = random.some(world.up)
      world.note(`freeze ${frozen.map(({ name }) => name).join(', ')}`)
      world.hindrance.set('held')
      for (const server of frozen) server.signal('SIGSTOP')
      await Bun.sleep(random.between(100, 1500))
      for (const server of frozen) server.signal('SIGCONT')
      world.hindrance.set('none')
      world.note('thaw')
    }
    return { note: `${times} pauses`, felt: times > 0 }
  },
}
