import type { Fault } from './fault.ts'
import { revive } from './kill.ts'

/** Processes end normally, and close the database while others use it, and start again. */
export const restart: Fault = {
  name: 'restart',
  async run(world) {
    let restarts = 0
    for (let time = world.random.between(2, 3); time > 0; time--) {
      await Bun.sleep(world.random.between(100, 400))
      const leaving = world.random.some(world.up)
      restarts += leaving.length
      await Promise.all(
        leaving.map(async (server) => {
          world.note(`stop ${server.name}`)
          if ((await server.stop()) === 'stopped') return
          world.violations.add('stuck', `${server.name} did not end after the command stop`)
        }),
      )
      await revive(world)
    }
    return { note: `${restarts} restarts`, felt: restarts > 0 }
  },
}
