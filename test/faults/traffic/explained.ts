import type { Server } from '../world/server.ts'
import type { World } from '../world/world.ts'
import type { Attempt } from './judge.ts'

/** Who waited for a lock for less than this, in milliseconds, may not be sent away. */
const PATIENCE = 1900
/** Of that time, how much the lock must have been held: after its end there is a crush for it. */
const HELD = 1400
/** For how long a process may still be opening the database after it has started. */
const OPENING = 3000

/** Whether something that was done to the processes explains that a request was not let in. */
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
        sent.forged || sent.credential.standing.during(from, to).some((state) => state !== 'good')
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

/** Whether the store may say that it cannot do what it is asked between these moments. */
export function storeIsHindered(
  { hindrance }: World,
  server: Server,
  asked: number,
  to: number,
): boolean {
  if (hindrance.during(asked, to).includes('full')) return true
  // Who comes while a new process waits for the lock to open the database shares that waiting.
  const from = asked - server.startedAt < OPENING ? Math.min(asked, server.startedAt) : asked
  return to - from >= PATIENCE && hindrance.sum('held', from, to) >= HELD
}

export function isEnding(server: Server, to: number): boolean {
  return to >= server.endingSince
}

/** Whether a clock that was in force puts the timestamp outside of the window on this side. */
function isOutside(world: World, { server, sent, from, to }: Attempt, side: -1 | 1): boolean {
  const { windowSeconds } = world.settings
  const offsets = server.clock.during(from, to).flat()
  if (side === 1)
    return offsets.some((offset) => sent.ts > from / 1000 + offset + windowSeconds - 1)
  return offsets.some((offset) => sent.ts < to / 1000 + offset - windowSeconds + 1)
}
