import type { ServerProcess } from '../server/server-process.ts'
import type { Sent } from './sent.ts'
import type { World } from './world.ts'

/** How often requests are sent, in milliseconds. */
const TICK = 10
/** How many requests may wait for their answers. */
const MOST_WAITING = 300
/** How many replays wait for their answers. */
const LANES = 32

/** Work that runs until it is stopped. */
export interface Running {
  /** Stops, and waits for the answers. */
  stop(): Promise<void>
}

/** Sends requests to random servers at a steady rate, whether or not they answer. */
export function startLoad(world: World, perSecond: number): Running {
  const waiting = new Set<Promise<unknown>>()
  let due = 0
  const timer = setInterval(() => {
    due += (perSecond * TICK) / 1000
    for (; due >= 1; due--) {
      if (waiting.size >= MOST_WAITING) continue
      const sending = sendSomething(world).finally(() => waiting.delete(sending))
      waiting.add(sending)
    }
  }, TICK)
  return {
    async stop() {
      clearInterval(timer)
      await Promise.all(waiting)
    },
  }
}

async function sendSomething(world: World): Promise<void> {
  const { up, dice, accepted, unsure } = world
  if (up.length === 0) return
  const server = dice.pick(up)
  const kind = dice.next()
  const recent = dice.chance(0.8) ? accepted.slice(-500) : unsure.slice(-500)
  if (kind < 0.15 && recent.length > 0) {
    await world.send(server, dice.pick(recent), 'replay')
  } else if (kind < 0.2) {
    await sendCopies(world)
  } else {
    const skew = skewOf(world, server)
    await world.send(server, world.fresh(server, -skew, skew), 'fresh')
  }
}

/** Returns 0 for most requests: their timestamp is that of the clock. */
function skewOf({ dice, settings }: World, { options }: ServerProcess): number {
  return !settings.skews || dice.chance(0.7) ? 0 : Math.max(0, (options.mac.windowSeconds ?? 0) - 2)
}

/** Sends copies of one request to several servers at once. At most one may be accepted. */
async function sendCopies(world: World): Promise<void> {
  const { up, dice } = world
  const sent = world.fresh(dice.pick(up))
  const servers = Array.from({ length: dice.between(2, 6) }, () => dice.pick(up))
  const replies = await Promise.all(servers.map((server) => world.send(server, sent, 'copy')))
  const outcomes = replies.map((reply) => (typeof reply === 'string' ? reply : reply.outcome))
  // If all are rejected as replays, none of them was the first.
  if (outcomes.every((outcome) => outcome === '401 ERR_MAC_REPLAY')) {
    world.violations.add('reason', `${servers.length} copies, each rejected as a replay`)
  }
}

/** Sends everything again whose timestamp may still be in a window, to one server or to all at once. */
export async function replayAll(world: World): Promise<void> {
  const { dice, accepted, unsure, aheadSeconds, settings } = world
  const clocks = settings.choices.map(({ clock }) => clock)
  const oldest = Date.now() / 1000 - aheadSeconds + Math.min(...clocks)
  const requests = [...accepted, ...unsure].filter(({ ts }) => ts >= oldest)
  await inLanes(dice.shuffle(requests), async (sent) => {
    const { up } = world
    if (up.length === 0) return
    const servers = dice.chance(0.2) ? up : [dice.pick(up)]
    await Promise.all(servers.map((server) => world.send(server, sent, 'replay')))
  })
}

async function inLanes(requests: readonly Sent[], work: (sent: Sent) => Promise<void>) {
  let next = 0
  const lane = async () => {
    for (let sent = requests[next++]; sent !== undefined; sent = requests[next++]) await work(sent)
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

/** How much longer than the guard demands a recovery may take, in milliseconds: connections are opened anew. */
const RECOVERY = 6000

/**
 * Sends fresh requests to each server until it accepts one.
 * @param end The time at which the fault ended, in milliseconds since 1970.
 * @returns After how many milliseconds the last server did.
 */
export async function recover(world: World, end: number): Promise<number> {
  const { settings, aheadSeconds, violations } = world
  // If a clock was ahead, nonces of its time may be removed.
  const mayReject = settings.loses || settings.choices.some(({ clock }) => clock > 0)
  const most = (mayReject ? 1000 * (aheadSeconds + 1) : 0) + settings.graceMs + RECOVERY
  const probe = async (server: ServerProcess) => {
    while (server.up && Date.now() - end < most) {
      const reply = await world.send(server, world.fresh(server), 'fresh')
      if (typeof reply !== 'string' && reply.outcome === '200') return
      await Bun.sleep(100)
    }
    if (server.up) violations.add('recovery', `${server.name} did not accept within ${most} ms`)
  }
  await Promise.all(world.up.map(probe))
  return Date.now() - end
}
