import type { World } from '../world/world.ts'
import type { Fault } from './fault.ts'

/** Processes are killed under load, several at once, and started again. */
export const kill: Fault = {
  name: 'kill -9',
  async run(world) {
    let kills = 0
    for (let time = world.random.between(2, 3); time > 0; time--) {
      await Bun.sleep(world.random.between(100, 500))
      const victims = world.random.some(world.up)
      kills += victims.length
      await Promise.all(victims.map((victim) => world.kill(victim)))
      await Bun.sleep(world.random.between(0, 100))
      await revive(world)
    }
    return { note: `${kills} kills`, felt: world.tally.unanswered > 0 }
  },
}

/** Starts a process in each empty place. */
export async function revive(world: World): Promise<void> {
  const places = Array.from({ length: world.settings.processes }, (_, place) => place)
  const empty = places.filter((place) => world.servers[place]?.up !== true)
  for (const place of empty) {
    const crash = world.servers[place]?.crash
    if (crash) world.violations.add('crash', `${world.servers[place]?.name}: ${crash}`)
  }
  await Promise.all(empty.map((place) => world.start(place)))
}
