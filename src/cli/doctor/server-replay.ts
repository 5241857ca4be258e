import { bad, type Finding, good, note } from './finding.ts'
import { fateOf, type Outcome, type Probe } from './probe.ts'

const SUBJECT = 'replay'

/**
 * Sends one request again and again, each time over a connection of its own, so that a balancer
 * leads copies to all replicas. Two are always on their way at once.
 */
export async function replayFinding(probe: Probe, copies: number): Promise<Finding> {
  const authorization = probe.sign()
  const first = await probe.send(authorization)
  if (first.refusal !== null) {
    const { code, challenge } = first.refusal
    return bad(
      SUBJECT,
      `could not be tried: ${code}: ${challenge?.error ?? ''}`,
      'mend the above first',
    )
  }
  if (fateOf(first) !== 'passed') return unclear([first], 1)
  const outcomes: Outcome[] = []
  while (outcomes.length < copies) {
    const both = [probe.send(authorization), probe.send(authorization)]
    outcomes.push(...(await Promise.all(both.slice(0, copies - outcomes.length))))
  }
  const passed = outcomes.filter((outcome) => fateOf(outcome) === 'passed').length
  if (passed > 0) return notShared(passed, copies)
  const answeredBefore = outcomes.filter((outcome) => fateOf(outcome) === 'unclear')
  if (answeredBefore.length > 0) return unclear(answeredBefore, copies)
  const others = outcomes.filter(({ refusal }) => refusal?.code !== 'ERR_MAC_REPLAY')
  const [other] = others
  if (other === undefined) {
    return good(SUBJECT, `refused ${copies} times of ${copies}, over as many connections`)
  }
  return note(
    SUBJECT,
    `no copy was let in, but ${others.length} of ${copies} were refused for another reason: ${other.refusal?.code}`,
  )
}

function unclear(outcomes: readonly Outcome[], sent: number): Finding {
  const statuses = [...new Set(outcomes.map(({ status }) => status))].join(', ')
  return bad(
    SUBJECT,
    `cannot be told: ${outcomes.length} of ${sent} were answered ${statuses}, and not by withmac`,
    'try again later, or past the limit on requests or the proxy that answers so',
  )
}

function notShared(passed: number, copies: number): Finding {
  return bad(
    SUBJECT,
    `a copy of an accepted request was let in, ${passed} times of ${copies}: the replicas behind this address do not share their nonces`,
    'give all of them one and the same database file (one machine), or lead each credential to always the same replica; until then, who overhears a request can send it again',
  )
}
