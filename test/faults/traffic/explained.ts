import type { Server } from '../world/server.ts'
import type { World } from '../world/world.ts'
import type { Attempt } from './judge.ts'

/** A request must wait at least this long for a lock before it may get a 503, in milliseconds. */
const PATIENCE = 1900
/** How long of that time the lock must have been held. After its end, many processes compete for it. */
const HELD = 1400
/** How long a process may need to open the database after its start, in milliseconds. */
const OPENING = 3000

/** @returns Whether the faults explain that a request was not accepted. */
export function isExplained(world: World, attempt: Attempt, outcome: string): boolean {
  const { server, sent, purpose, from, to } = attempt
  switch (outcome) {
    case 'lost':
    case 'refused':
    case '503 ERR_MAC_CLOSED':
      return isEnding(server, to)
    case '401 ERR_MAC_REPLAY':
      return purpose !== 'fresh'
    case '401 ERR_MAC_REJECTED':
      return (
        sent.forged || sent.credential.status.during(from, to).some((state) => state !== 'good')
      )
    case '401 ERR_MAC_TIMESTAMP_STALE':
      return sent.ts <= world.floor.bound() || isOutside(world, attempt, -1)
    case '401 ERR_MAC_TIMESTAMP_AHEAD':
      return isOutside(world, attempt, 1)
    case '503 ERR_MAC_STORE':
      return storeIsHindered(world, server, from, to)
    default:
      return false
  }
}

/** @returns Whether the store may fail between these times. */
export function storeIsHindered(
  { hindrance }: World,
  server: Server,
  asked: number,
  to: number,
): boolean {
  if (hindrance.during(asked, to).includes('full')) return true
  // A request that comes while a new process waits for the lock to open the database waits with it.
  const from = asked - server.startedAt < OPENING ? Math.min(asked, server.startedAt) : asked
  return to - from >= PATIENCE && hindrance.sum('held', from, to) >= HELD
}

export function isEnding(server: Server, to: number): boolean {
  return to >= server.endingSince
}

/** @returns Whether the timestamp was outside the window on this side, by a clock of that time. */
function isOutside(world: World, { server, sent, from, to }: Attempt, side: -1 | 1): boolean {
  const { windowSeconds } = world.settings
  const offsets = server.clock.during(from, to).flat()
  if (side === 1)
    return offsets.some((offset) => sent.ts > from / 1000 + offset + windowSeconds - 1)
  return offsets.some((offset) => sent.ts < to / 1000 + offset - windowSeconds + 1)
}
