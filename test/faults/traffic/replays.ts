import type { World } from '../world/world.ts'
import type { Sent } from './sent.ts'

/** How many requests are sent at once. */
const LANES = 24

/** Sends requests again, each to one process or to several at once. None may be accepted twice. */
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

/** @returns All accepted or unsure requests whose timestamp may still be inside a window. */
export function stillFresh(world: World): Sent[] {
  const { ledger, settings } = world
  const oldest = Date.now() / 1000 - settings.windowSeconds - 1
  return [...ledger.accepted, ...ledger.unsure].filter(({ ts }) => ts >= oldest)
}
