import { create, newCredential, remove, revoke } from '../traffic/churn.ts'
import type { World } from '../world/world.ts'
import type { Fault } from './fault.ts'

/** How many credentials are created, revoked and deleted at once. */
const LANES = 6

/**
 * Credentials are revoked and deleted while they are in use. The other processes must reject them from
 * the next request on.
 */
export const revocation: Fault = {
  name: 'revocation',
  async run(world) {
    const end = Date.now() + world.random.between(1500, 2500)
    let lives = 0
    const lane = async () => {
      while (Date.now() < end) {
        await life(world)
        lives++
      }
    }
    await Promise.all(Array.from({ length: LANES }, lane))
    const { tally } = world
    const rejected = tally.count('401 ERR_MAC_REJECTED')
    return { note: `${lives} credentials`, felt: rejected > 0 }
  },
}

/** Creates, revokes and deletes one credential. The world knows what each answer must be. */
async function life(world: World): Promise<void> {
  const { random } = world
  const known = newCredential(world)
  known.taken = true
  await create(world, random.pick(world.up), known)
  const everywhere = async () => {
    const servers = world.up
    await Promise.all(
      servers.map((server) => world.send(server, world.fresh(server, known), 'fresh')),
    )
  }
  await everywhere()
  if (random.chance(0.6)) await revoke(world, random.pick(world.up), known)
  else await remove(world, random.pick(world.up), known)
  await everywhere()
  if (known.expected === 'revoked') await remove(world, random.pick(world.up), known)
  if (random.chance(0.3) && known.expected === 'absent') {
    await create(world, random.pick(world.up), known)
    await everywhere()
  }
  known.taken = false
}
