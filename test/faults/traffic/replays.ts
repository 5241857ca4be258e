import type { World } from '../world/world.ts'
import type { Sent } from './sent.ts'

/** How many requests are on their way at once. */
const LANES = 24

/** Sends requests once more, each to one process or to several at once: none may pass twice. */
export async function replayAll(world: World, requests: readonly Sent[]): Promise<void> {
  const { dice } = world
  let next = 0
  const lane = async () => {
    for (let sent = requests[next++]; sent !== undefined; sent = requests[next++]) {
      const { up } = world
      const again = sent
      const servers = dice.chance(0.2) ? dice.some(up) : [dice.pick(up)]
      await Promise.all(servers.map((server) => world.send(server, again, 'replay')))
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

/** Everything that was ever let in and that some clock still takes for fresh, and what is unsure. */
export function stillFresh(world: World): Sent[] {
  const { ledger, settings } = world
  const oldest = Date.now() / 1000 - settings.windowSeconds - 1
  return [...ledger.passed, ...ledger.unsure].filter(({ ts }) => ts >= oldest)
}
