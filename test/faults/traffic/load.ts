import type { KnownCredential } from '../world/known-credential.ts'
import type { Server } from '../world/server.ts'
import type { World } from '../world/world.ts'
import { sendCopies } from './copies.ts'

/** Work that goes on until it is stopped. */
export interface Running {
  /** Lets what is on its way come to its end. */
  stop(): Promise<void>
}

/** Runs a step again and again, on several lanes at once. */
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

/** Many connections that send, each one request after the other, to any process that is up. */
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
  if (kind < 0.1 && ledger.passed.length > 0) {
    await world.send(server, dice.pick(ledger.passed), 'replay')
  } else if (kind < 0.13) {
    await sendCopies(world, someCredential(world))
  } else {
    await world.send(server, world.fresh(server, someCredential(world), kind > 0.98), 'fresh')
  }
}

/** Mostly one that is good; now and then one that was revoked or deleted, which must stay out. */
function someCredential({ dice, credentials, steady }: World): KnownCredential {
  return dice.chance(0.5) ? steady : dice.pick(credentials)
}
