import type { Engine, Fault } from '../fault.ts'
import { replayAll } from '../world/traffic.ts'
import type { World } from '../world/world.ts'

type Servers = NonNullable<Fault<Engine>['servers']>

export const SERVERS_30_APART: Servers = [0, 30, -30].map((clock) => ({ clock, windowSeconds: 20 }))

export const WINDOWS_20_AND_300: Servers = [20, 300, 20].map((windowSeconds) => ({
  clock: 0,
  windowSeconds,
}))

/** Starts the servers again whose clocks are wrong, with the right clock. */
export async function setRight(world: World): Promise<void> {
  for (const [place, choice] of world.settings.choices.entries()) {
    if (choice.clock === 0) continue
    await world.servers[place]?.stop()
    await world.start(place, { ...choice, clock: 0 })
  }
}

/** Makes all servers remove nonces again and again. */
export async function pruneOften(world: World): Promise<void> {
  for (let time = 0; time < 30; time++) {
    await Promise.all(world.up.map((server) => server.order({ do: 'prune' })))
    await Bun.sleep(200)
  }
}

/**
 * Starts a server anew with a window of 9 seconds, longer than those of all others, and lets a standby take over that
 * does not know of it. Until all timestamps have passed that this server has accepted, none may be accepted again.
 */
export async function widen(world: World, takeOver: () => Promise<void>): Promise<void> {
  const [first] = world.settings.choices
  if (first === undefined) throw new Error('there is no server')
  await world.servers[0]?.stop()
  const longer = await world.start(0, { ...first, windowSeconds: 9 })
  await Bun.sleep(500)
  const early = Array.from({ length: 50 }, () => world.fresh(longer, 5, 8))
  await Promise.all(early.map((sent) => world.send(longer, sent, 'fresh')))
  await world.trouble(async () => {
    // So that one of the others finds out about the loss.
    longer.signal('SIGSTOP')
    await takeOver()
    await Bun.sleep(700)
    longer.signal('SIGCONT')
  })
  const end = Date.now() + 9_000
  while (Date.now() < end) {
    await Bun.sleep(500)
    await replayAll(world)
  }
}
