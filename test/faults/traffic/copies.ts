import type { KnownCredential } from '../world/known-credential.ts'
import type { World } from '../world/world.ts'

/** Sends copies of one request to all processes at once. At most one may be accepted. */
export async function sendCopies(world: World, credential: KnownCredential): Promise<void> {
  const { up, dice } = world
  if (up.length === 0) return
  const sent = world.fresh(dice.pick(up), credential)
  const servers = Array.from({ length: dice.between(2, 8) }, (_, at) => up[at % up.length])
  const outcomes = await Promise.all(
    servers.map(async (server) => (server === undefined ? '' : world.send(server, sent, 'copy'))),
  )
  // If all are rejected as replays, none of them was the first.
  if (outcomes.every((outcome) => outcome === '401 ERR_MAC_REPLAY')) {
    world.violations.add('reason', `${servers.length} copies, each rejected as a replay: ${sent}`)
  }
}
