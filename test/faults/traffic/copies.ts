import type { KnownCredential } from '../world/known-credential.ts'
import type { World } from '../world/world.ts'

/** Sends copies of one request at once, to all processes: one passes at the most. */
export async function sendCopies(world: World, credential: KnownCredential): Promise<void> {
  const { up, dice } = world
  if (up.length === 0) return
  const sent = world.fresh(dice.pick(up), credential)
  const servers = Array.from({ length: dice.between(2, 8) }, (_, at) => up[at % up.length])
  const outcomes = await Promise.all(
    servers.map(async (server) => (server === undefined ? '' : world.send(server, sent, 'copy'))),
  )
  // Where each was told that another came first, there was no first one.
  if (outcomes.every((outcome) => outcome === '401 ERR_MAC_REPLAY')) {
    world.violations.add('reason', `${servers.length} copies, each refused as a replay: ${sent}`)
  }
}
