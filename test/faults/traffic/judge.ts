import type { Server } from '../world/server.ts'
import type { World } from '../world/world.ts'
import type { Answer } from './connection.ts'
import { isExplained } from './explained.ts'
import type { Sent } from './sent.ts'

/**
 * Why a request was sent: `fresh`, it never was before; `copy`, several times at once; `replay`, it
 * was before.
 */
export type Purpose = 'fresh' | 'copy' | 'replay'

/** A request that was sent once, and what came back. Times are milliseconds since 1970. */
export interface Attempt {
  readonly server: Server
  readonly sent: Sent
  readonly purpose: Purpose
  readonly from: number
  readonly to: number
  readonly answer: Answer | 'refused'
}

/**
 * Holds an attempt against what must be true, and counts it.
 * @returns What became of it: `200`, a status and the code of the refusal, or how it got lost.
 */
export function judge(world: World, attempt: Attempt): string {
  const { sent, purpose, answer } = attempt
  const outcome = outcomeOf(answer)
  count(world, attempt, outcome)
  const tell = () => describe(world, attempt, outcome)
  if (outcome === '200') {
    sent.passed++
    if (sent.passed === 1) {
      sent.passedAt = attempt.to
      world.ledger.hasPassed(sent)
    } else {
      world.violations.add('once', `answered 200 for the ${sent.passed}. time: ${tell()}`)
    }
    const why = whyOut(world, attempt)
    if (why !== null) world.violations.add('out', `${why}, and let in: ${tell()}`)
    return outcome
  }
  if (outcome === 'timeout') world.violations.add('stuck', `no answer in time: ${tell()}`)
  else if (!isExplained(world, attempt, outcome)) world.violations.add('reason', tell())
  const known = purpose === 'replay' || sent.forged || outcome.startsWith('401')
  if (!known) world.ledger.isUnsure(sent)
  return outcome
}

/** `200`, a status and the code of the rejection, or how it got lost. */
export function outcomeOf(answer: Answer | 'refused'): string {
  if (typeof answer === 'string') return answer
  if (answer.status === 200) return '200'
  const code = /"code":\s*"(\w+)"/.exec(answer.body)?.[1] ?? answer.body.slice(0, 100)
  return `${answer.status} ${code}`
}

function count({ tally }: World, { purpose, sent }: Attempt, outcome: string): void {
  if (purpose === 'replay') {
    // One that the store could not look at, or that got lost, shows nothing.
    if (/^(200|401)/.test(outcome)) tally.replays++
    return
  }
  tally.fresh++
  if (outcome === '200') tally.passed++
  else if (!/^\d/.test(outcome)) tally.unanswered++
  else tally.refuse(sent.forged ? `${outcome} (forged)` : outcome)
}

/** Why a request that was let in should not have been, or `null`. */
function whyOut(world: World, { sent, server, from, to }: Attempt): string | null {
  if (sent.forged) return 'the MAC is wrong'
  if (sent.credential.standing.during(from, to).every((standing) => standing === 'bad')) {
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
    `standing ${sent.credential.standing.current}, hindrance ${world.hindrance.current}`,
    `first let in: ${sent.passed > 0 ? new Date(sent.passedAt).toISOString() : 'never'}`,
    ...(failures.length > 0 ? [`the store last said: ${failures.at(-1)}`] : []),
  ].join('; ')
}
