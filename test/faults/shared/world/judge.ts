import type { Reply, ServerProcess } from '../server/server-process.ts'
import type { Sent } from './sent.ts'
import type { Purpose, World } from './world.ts'

/** How much later than the deadline an answer may come, in milliseconds, besides the time without the processor. */
export const SLACK = 1000

/** One sending of a request, and its answer. Times are milliseconds since 1970. */
export interface Attempt {
  readonly server: ServerProcess
  readonly sent: Sent
  readonly purpose: Purpose
  readonly reply: Reply
  readonly from: number
  readonly to: number
}

/** Checks an answer against the invariants, and counts it. */
export function judge(world: World, attempt: Attempt): void {
  const { tally, violations, settings } = world
  const { sent, purpose, reply } = attempt
  tally.sent[purpose]++
  if (reply === 'stuck') {
    tally.late++
    violations.add('deadline', describe(attempt))
  }
  if (typeof reply === 'string') {
    if (purpose !== 'replay') world.unsure.push(sent)
    return
  }
  const { outcome, ms } = reply
  if (outcome.startsWith('503')) tally.slowest503 = Math.max(tally.slowest503, ms)
  if (ms > settings.timeoutSeconds * 1000 + SLACK) {
    tally.late++
    violations.add('deadline', describe(attempt))
  }
  if (outcome === '200') {
    if (++sent.accepted > 1) violations.add('once', describe(attempt))
    else {
      tally.accepted++
      world.accepted.push(sent)
    }
    return
  }
  if (purpose === 'replay') {
    if (outcome.startsWith('503')) tally.unansweredReplays++
    return
  }
  tally.reject(outcome)
  if (outcome.startsWith('503')) world.unsure.push(sent)
  if (!isExplained(world, attempt, outcome, reply.message)) {
    violations.add('reason', describe(attempt))
  }
}

/** Whether the message and the faults explain why a request was rejected that is not a replay. */
function isExplained(world: World, attempt: Attempt, outcome: string, message: string): boolean {
  const { sent, purpose, server, from, to } = attempt
  const window = server.options.mac.windowSeconds ?? 0
  const clock = to / 1000 + server.options.clock
  const clockThen = Math.floor(from / 1000) + server.options.clock
  switch (outcome) {
    case '503 ERR_MAC_STORE':
      return isInTrouble(world, from, to) && message.length > 20
    case '503 ERR_MAC_CLOSED':
      return server.ending
    case '401 ERR_MAC_REPLAY':
      return purpose === 'copy'
    case '401 ERR_MAC_TIMESTAMP_STALE':
      return isBelowFloor(world, sent, to, message) || sent.ts < clock - window
    case '401 ERR_MAC_TIMESTAMP_AHEAD':
      return isBeyondCeiling(world, sent, from, message) || sent.ts > clockThen + window
    default:
      return false
  }
}

function isInTrouble({ troubles, settings }: World, from: number, to: number): boolean {
  return troubles.some((trouble) => trouble.from <= to && trouble.to + settings.graceMs >= from)
}

/**
 * Whether the timestamp is below the floor that the message states, and whether the store may have such a floor:
 * after a loss, the time at which it was noticed, what could be accepted ahead of it, and a second.
 */
function isBelowFloor(world: World, { ts }: Sent, to: number, message: string): boolean {
  const floor = Number(/Nonces are known from (\d+)/.exec(message)?.[1] ?? Number.NaN)
  if (!(ts < floor)) return false
  const { troubles, settings, aheadSeconds } = world
  if (settings.loses) {
    const last = Math.max(0, ...troubles.map((trouble) => Math.min(trouble.to, Date.now())))
    if (floor <= (last + settings.graceMs) / 1000 + aheadSeconds + 1) return true
  }
  // A server may remove what its own window does not need, until one with a longer window has said so. And one
  // whose clock is ahead removes what others need.
  const shortest = Math.min(...settings.choices.map(({ windowSeconds }) => windowSeconds))
  return settings.choices.some(({ clock }) => clock !== 0) || floor <= to / 1000 - shortest + 1
}

/** Whether the timestamp is above the ceiling that the message states, and whether that is the true one. */
function isBeyondCeiling(world: World, { ts }: Sent, from: number, message: string): boolean {
  const ceiling = Number(/is later than (\d+)/.exec(message)?.[1] ?? Number.NaN)
  return ts > ceiling && ceiling >= Math.floor(from / 1000) + world.aheadSeconds
}

function describe({ server, sent, purpose, reply, from, to }: Attempt): string {
  const said = typeof reply === 'string' ? reply : `${reply.outcome} (${reply.message})`
  return (
    `${purpose} request, ts ${sent.ts}, nonce ${sent.nonce}, accepted ${sent.accepted} times, sent to ` +
    `${server.name} at ${new Date(from).toISOString()}, answered after ${to - from} ms: ${said}`
  )
}
