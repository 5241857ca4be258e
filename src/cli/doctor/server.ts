import type { ClientCredential } from '../../client/index.ts'
import { showSpan } from '../terminal/moments.ts'
import { bad, type Finding, good, note } from './finding.ts'
import { fateOf, type Outcome, Probe } from './probe.ts'

/** How a server is to be tried. */
interface ServerOptions {
  readonly ext: string | null
  /** Origins that it may take itself for. */
  readonly origins: readonly string[]
  /** How many times a copy is sent. */
  readonly copies: number
}

/** How far apart two clocks may be before it is worth a word, and a warning, in seconds. */
const CLOSE = 10
const FAR = 60
/** How often a signed request is tried, so that of several replicas each is met. */
const TRIES = 4

/**
 * Tries a running server with signed requests, good and bad ones. A few of them reach its handler.
 * @throws Failure where it cannot be reached.
 */
export async function serverFindings(
  url: string,
  credential: ClientCredential,
  options: ServerOptions,
): Promise<Finding[]> {
  const probe = new Probe(url, credential, options.ext)
  const unsigned = await probe.send(null)
  const findings = [...transport(url), unsignedFinding(unsigned)]
  const passes = unsigned.refusal === null
  if (passes && (await probe.send(garbled(probe))).refusal === null) return findings
  const origin = await originFindings(probe, options.origins)
  findings.push(...origin.findings)
  if (origin.right === null) return findings
  findings.push(await clockFinding(probe, origin.right))
  findings.push(await replayFinding(probe, options.copies))
  return findings
}

function transport(url: string): Finding[] {
  const { protocol, hostname, origin } = new URL(url)
  if (protocol === 'https:') return [good('transport', `${origin}, by TLS`)]
  if (/^(localhost|127\..*|\[::1\])$/.test(hostname))
    return [good('transport', `${origin}, on this machine`)]
  const text = `${origin}, in the clear: who is on the way can read all of it, and change body and answers`
  return [note('transport', text, 'put TLS in front of it')]
}

function unsignedFinding({ status, refusal, headers }: Outcome): Finding {
  const subject = 'unsigned'
  if (refusal !== null) {
    if (status === 401) return good(subject, 'refused, 401 with WWW-Authenticate: MAC')
    const text = `${status} ${refusal.code}: withmac cannot let anybody in`
    return bad(
      subject,
      text,
      'look into the log of the server; "withmac doctor" there checks its database',
    )
  }
  if (status >= 300 && status < 400) {
    return bad(
      subject,
      `${status}, it leads to ${headers.location}`,
      'give the URL that it leads to',
    )
  }
  if (status === 401) {
    const scheme = String(headers['www-authenticate'] ?? 'no WWW-Authenticate at all')
    const advice =
      'something before the server asks for other credentials: a proxy, or another check'
    return bad(subject, `401, but not by withmac: it says ${scheme}`, advice)
  }
  if (status >= 400) {
    return bad(
      subject,
      `${status}, not by withmac`,
      'give the URL of a path that withMac() is in front of',
    )
  }
  return bad(
    subject,
    `let in, ${status}: withmac is not in front of this path, or with mode: 'optional'`,
    'put withMac(handler) around what serves this path, or give the URL of one that needs credentials',
  )
}

/** What no server behind withmac accepts. */
function garbled(probe: Probe): string {
  return probe.sign().replace(/mac="[^"]*"$/, 'mac="AAAA"')
}

interface OriginFindings {
  readonly findings: readonly Finding[]
  /** What became of a request whose MAC was right there; `null` where none was. */
  readonly right: Outcome | null
}

async function originFindings(probe: Probe, told: readonly string[]): Promise<OriginFindings> {
  const called = probe.origin
  const outcomes: Outcome[] = []
  for (let tries = 0; tries < TRIES; tries++) outcomes.push(await probe.sendSigned())
  const before = outcomes.find((outcome) => fateOf(outcome) === 'unclear')
  if (before !== undefined) {
    const text = `${before.status} to a signed request, and not by withmac: its handler, or something before it, fails`
    const advice = 'look into the log of the server, try again later, or past the limit on requests'
    return { findings: [bad('origin', text, advice)], right: null }
  }
  const right = outcomes.filter((outcome) => !isRejected(outcome))
  const [first] = right
  if (first !== undefined) {
    const findings =
      right.length === TRIES
        ? [good('origin', `it believes in ${called}, as it is called`)]
        : [unknownSomewhere(right.length)]
    return { findings: [...findings, ...endFindings(first)], right: hasEnded(first) ? null : first }
  }
  const candidates = originCandidates(probe.url, told)
  for (const origin of candidates) {
    const outcome = await probe.sendSigned({ origin })
    if (isRejected(outcome) || fateOf(outcome) === 'unclear') continue
    probe.origin = origin
    const findings = [otherOrigin(origin, called), ...endFindings(outcome)]
    return { findings, right: hasEnded(outcome) ? null : outcome }
  }
  return { findings: [noOrigin(called, candidates.length + 1, outcomes)], right: null }
}

function isRejected({ refusal }: Outcome): boolean {
  return (
    refusal !== null &&
    !/^ERR_MAC_(TIMESTAMP_(STALE|AHEAD)|REPLAY|EXT|EXPIRED|BODY_.*)$/.test(refusal.code ?? '')
  )
}

/** Whether nothing signed with this credential is let in. */
function hasEnded({ refusal }: Outcome): boolean {
  return /^ERR_MAC_(EXT|EXPIRED|BODY_.*)$/.test(refusal?.code ?? '')
}

function endFindings({ refusal }: Outcome): Finding[] {
  if (refusal?.code === 'ERR_MAC_EXPIRED') {
    return [
      bad('credential', 'it has expired', 'on the server run "withmac extend ID --expires 90d"'),
    ]
  }
  if (refusal?.code === 'ERR_MAC_EXT') {
    return [
      bad('ext', 'the server refuses the ext of this probe', 'give one that it takes, with --ext'),
    ]
  }
  return []
}

function unknownSomewhere(right: number): Finding {
  return bad(
    'origin',
    `of ${TRIES} signed requests, ${TRIES - right} were refused as unknown or wrong: the replicas behind this address do not share their credentials`,
    'let them use one database, and give them the same options',
  )
}

function otherOrigin(believed: string, called: string): Finding {
  return bad(
    'origin',
    `it believes in ${believed}, and is called ${called}: what clients sign is refused`,
    `withMac(app, { origin: '${called}' }) on the server`,
  )
}

function noOrigin(called: string, tried: number, outcomes: readonly Outcome[]): Finding {
  const code = outcomes[0]?.refusal?.code ?? 'no code'
  if (code !== 'ERR_MAC_REJECTED') {
    const said = outcomes[0]?.refusal?.challenge?.error ?? ''
    return bad(
      'origin',
      `a signed request is refused with ${code}: ${said}`,
      'see "Error codes" in the documentation',
    )
  }
  return bad(
    'origin',
    `signed for ${called} and ${tried - 1} other origins, all refused. Either the server does not have this credential or has another key for it, or it was revoked or disabled, or the server believes in yet another origin`,
    'on the server run "withmac show ID", and look whether its option origin is this URL; --origin here tries one more. What its onReject reports, "withmac explain" explains',
  )
}

async function clockFinding(probe: Probe, right: Outcome): Promise<Finding> {
  const told = await probe.serverTime()
  // It tells whole seconds, cut off.
  const difference = told === null ? byDate(right) : told.seconds + 0.5 - told.at
  if (difference !== null && Math.abs(difference) > CLOSE) probe.offset = difference
  if (told !== null) return clockJudged(difference ?? 0, 'as it tells those who have the key')
  const { code, challenge } = right.refusal ?? {}
  if (!/^ERR_MAC_TIMESTAMP_/.test(code ?? '') || Math.abs(difference ?? 0) > FAR) {
    return clockByDate(right)
  }
  const text = `it refuses the time of a request that was signed now: ${challenge?.error}`
  return bad('clock', text, 'look at its clock (timedatectl), and at its option now')
}

function clockByDate(outcome: Outcome): Finding {
  const difference = byDate(outcome)
  if (difference === null) return note('clock', 'it does not tell its time')
  return clockJudged(difference, 'by its Date header')
}

/** Seconds from the clock here to that of the `Date` header. */
function byDate({ headers, at }: Outcome): number | null {
  const date = Date.parse(String(headers.date))
  return Number.isNaN(date) ? null : date / 1000 + 0.5 - at
}

function clockJudged(difference: number, source: string): Finding {
  const apart = Math.abs(difference)
  if (apart <= CLOSE)
    return good('clock', `it agrees with yours to ${Math.ceil(apart)} s, ${source}`)
  const direction = difference > 0 ? 'ahead of' : 'behind'
  const text = `it is ${showSpan(apart)} ${direction} yours, ${source}`
  const advice =
    'set both clocks (timedatectl shows whether one is kept right); the default window is 300 seconds'
  return apart <= FAR ? note('clock', text, advice) : bad('clock', text, advice)
}

const SUBJECT = 'replay'

/**
 * Sends one request again and again, each time over a connection of its own, so that a balancer
 * leads copies to all replicas. Two are always on their way at once.
 */
async function replayFinding(probe: Probe, copies: number): Promise<Finding> {
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

/** Where servers behind a proxy usually listen. */
const PORTS = ['80', '443', '3000', '8000', '8080', '4000', '5000', '8787', '8443']
const HOSTS = ['localhost', '127.0.0.1', '[::1]']

/**
 * The origins that a server may take itself for when it is called by another: those it was told of,
 * then its own host with other ports, then the names that a machine has for itself.
 *
 * What counts is host and port (draft §3.2.1), so that each pair is there once.
 */
function originCandidates(url: string, told: readonly string[]): string[] {
  const own = new URL(url)
  const port = own.port === '' ? (own.protocol === 'https:' ? '443' : '80') : own.port
  const ports = [...new Set(['443', '80', port, ...PORTS])]
  const guessed = [own.hostname, ...HOSTS].flatMap((host) => ports.map((each) => at(host, each)))
  const given = told.map((origin) => new URL(origin).origin)
  return [...new Set([...given, ...guessed])].filter((origin) => origin !== own.origin)
}

/** The scheme that the port belongs to; with another port it does not count. */
function at(host: string, port: string): string {
  return new URL(port === '443' ? `https://${host}` : `http://${host}:${port}`).origin
}
