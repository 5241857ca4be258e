import type { Server } from '../world/server.ts'
import type { World } from '../world/world.ts'
import type { Answer } from './connection.ts'
import { isExplained } from './explained.ts'
import type { Sent } from './sent.ts'

/**
 * Why a request was sent. `fresh`: it is new. `copy`: it is sent several times at once. `replay`: it was
 * sent before.
 */
export type Purpose = 'fresh' | 'copy' | 'replay'

/** One sending of a request, and its answer. Times are milliseconds since 1970. */
export interface Attempt {
  readonly server: Server
  readonly sent: Sent
  readonly purpose: Purpose
  readonly from: number
  readonly to: number
  readonly answer: Answer | 'refused'
}

/**
 * Checks an attempt against the invariants, and counts it.
 * @returns Its outcome: `200`, the status and the code of the rejection, or how it got lost.
 */
export function judge(world: World, attempt: Attempt): string {
  const { sent, purpose, answer } = attempt
  const outcome = outcomeOf(answer)
  count(world, attempt, outcome)
  const text = () => describe(world, attempt, outcome)
  if (outcome === '200') {
    sent.accepted++
    if (sent.accepted === 1) {
      sent.acceptedAt = attempt.to
      world.ledger.addAccepted(sent)
    } else {
      world.violations.add('once', `answered 200 for the ${sent.accepted}. time: ${text()}`)
    }
    const why = reasonToReject(world, attempt)
    if (why !== null) world.violations.add('out', `accepted, although ${why}: ${text()}`)
    return outcome
  }
  if (outcome === 'timeout') world.violations.add('stuck', `no answer in time: ${text()}`)
  else if (!isExplained(world, attempt, outcome)) world.violations.add('reason', text())
  const known = purpose === 'replay' || sent.forged || outcome.startsWith('401')
  if (!known) world.ledger.addUnsure(sent)
  return outcome
}

/** @returns `200`, the status and the code of the rejection, or how it got lost. */
export function outcomeOf(answer: Answer | 'refused'): string {
  if (typeof answer === 'string') return answer
  if (answer.status === 200) return '200'
  const code = /"code":\s*"(\w+)"/.exec(answer.body)?.[1] ?? answer.body.slice(0, 100)
  return `${answer.status} ${code}`
}

function count({ tally }: World, { purpose, sent }: Attempt, outcome: string): void {
  if (purpose === 'replay') {
    // A replay that got lost or got a 503 shows nothing.
    if (/^(200|401)/.test(outcome)) tally.replays++
    return
  }
  tally.fresh++
  if (outcome === '200') tally.accepted++
  else if (!/^\d/.test(outcome)) tally.unanswered++
  else tally.reject(sent.forged ? `${outcome} (forged)` : outcome)
}

/** @returns Why the request should have been rejected, or `null`. */
function reasonToReject(world: World, { sent, server, from, to }: Attempt): string | null {
  if (sent.forged) return 'the MAC is wrong'
  if (sent.credential.status.during(from, to).every((status) => status === 'bad')) {
    return 'the credential was revoked or deleted before'
  }
  const { windowSeconds } = world.settings
  const fits = server.clock
    .during(from, to)
    .flat()
    .some((offset) => {
      const early = from / 1000 + offset - windowSeconds - 1
      return sent.ts >= early && sent.ts <= to / 1000 + offset + windowSeconds + 1
    })
  if (!fits) return 'the timestamp is outside the window'
  return null
}

function describe(world: World, { sent, server, purpose, from, to }: Attempt, outcome: string) {
  const { port, failures, clock } = server
  return [
    `${purpose} request ${sent} sent to ${server.name} (port ${port}) at ${new Date(from).toISOString()}`,
    `answered after ${to - from} ms: ${outcome}`,
    `clock ${JSON.stringify(clock.current)}, forgotten up to ${world.floor.bound()}`,
    `status ${sent.credential.status.current}, hindrance ${world.hindrance.current}`,
    `first accepted: ${sent.accepted > 0 ? new Date(sent.acceptedAt).toISOString() : 'never'}`,
    ...(failures.length > 0 ? [`the store last said: ${failures.at(-1)}`] : []),
  ].join('; ')
}
