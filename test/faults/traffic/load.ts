import type { KnownCredential } from '../world/known-credential.ts'
import type { Server } from '../world/server.ts'
import type { World } from '../world/world.ts'
import { sendCopies } from './copies.ts'

/** Work that runs until it is stopped. */
export interface Running {
  /** Stops after the current steps. */
  stop(): Promise<void>
}

/** Repeats a step on several lanes at once. */
export function runLanes(lanes: number, step: () => Promise<unknown>): Running {
  let running = true
  const lane = async () => {
    while (running) await step()
  }
  const all = Promise.all(Array.from({ length: lanes }, lane))
  return {
    async stop() {
      running = false
      await all
    },
  }
}

/** Sends requests to random processes on many connections, one request at a time on each. */
export function startLoad(world: World, connections: number): Running {
  return runLanes(connections, async () => {
    const { up, dice } = world
    if (up.length === 0) return Bun.sleep(5)
    await sendSomething(world, dice.pick(up))
  })
}

async function sendSomething(world: World, server: Server): Promise<void> {
  const { dice, ledger } = world
  const kind = dice.next()
  if (kind < 0.1 && ledger.accepted.length > 0) {
    await world.send(server, dice.pick(ledger.accepted), 'replay')
  } else if (kind < 0.13) {
    await sendCopies(world, someCredential(world))
  } else {
    await world.send(server, world.fresh(server, someCredential(world), kind > 0.98), 'fresh')
  }
}

/** @returns The steady credential, or any other one, which may be revoked or deleted. */
function someCredential({ dice, credentials, steady }: World): KnownCredential {
  return dice.chance(0.5) ? steady : dice.pick(credentials)
}
