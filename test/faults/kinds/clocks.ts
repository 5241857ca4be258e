import type { Fault } from './fault.ts'

/** The clock of each process jumps forward and back, independently. */
export const clocks: Fault = {
  name: 'clocks',
  async run(world) {
    const { random } = world
    let steps = 0
    for (let time = random.between(3, 5); time > 0; time--) {
      for (const server of random.some(world.up)) {
        steps++
        await world.setClock(
          server,
          step(world.settings.windowSeconds, random.next(), random.next()),
        )
        if (random.chance(0.5)) await server.command({ do: 'prune' })
      }
      await Bun.sleep(random.between(200, 600))
    }
    await Promise.all(world.up.map((server) => world.setClock(server, 0)))
    const { tally } = world
    const rejected = tally.count('401 ERR_MAC_TIMESTAMP_STALE', '401 ERR_MAC_TIMESTAMP_AHEAD')
    return { note: `${steps} steps`, felt: steps > 0 && rejected + tally.replays > 0 }
  },
}

/**
 * Returns a step inside the window or beyond it. Never ahead by two windows: what is accepted there would
 * make the server reject honest clocks for too long.
 */
function step(windowSeconds: number, kind: number, size: number): number {
  if (kind < 0.2) return 0
  const [least, most] = kind < 0.5 ? [1.1, 1.8] : kind < 0.7 ? [0.2, 0.9] : [-3, -0.2]
  return Math.round(windowSeconds * (least + size * (most - least)))
}
