import type { ClientCredential } from '../../client/index.ts'
import { bad, type Finding, good, note } from '../../doctor/finding.ts'
import { PASS_ON_HOST } from '../../explain/hints.ts'
import { isInternalHost } from '../../explain/internal-host.ts'
import { pathAdvice, shorterPaths } from '../../explain/prefix-mistakes.ts'
import { cutTarget, decodePlain, toggleSlash } from '../../explain/target-pieces.ts'
import { showSpan } from '../../moments.ts'
import { type Outcome, Probe, verdictOf } from './probe.ts'

/** How to check a server. */
interface ServerOptions {
  readonly ext: string | null
  /** Further origins that the server may use. */
  readonly origins: readonly string[]
  /** How many replays are sent. */
  readonly copies: number
}

/** Two clocks that differ by more than this get a note, in seconds. */
const CLOSE = 10
/** Two clocks that differ by more than this are a problem, in seconds. */
const FAR = 60
/** How many signed requests are sent, to reach all of a few replicas. */
const TRIES = 4

/**
 * Checks a running server with valid and invalid requests. Some of them reach its handler.
 * @throws Failure if it cannot be reached.
 */
export async function serverFindings(
  url: string,
  credential: ClientCredential,
  options: ServerOptions,
): Promise<Finding[]> {
  const probe = new Probe(url, credential, options.ext)
  const unsigned = await probe.send(null)
  const findings = [...transport(url), unsignedFinding(unsigned)]
  const accepted = unsigned.rejection === null
  if (accepted && (await probe.send(withWrongMac(probe))).rejection === null) return findings
  const origin = await originFindings(probe, options.origins)
  findings.push(...origin.findings)
  if (origin.right === null) return findings
  findings.push(await clockFinding(probe, origin.right))
  findings.push(await replayFinding(probe, options.copies))
  return findings
}

function transport(url: string): Finding[] {
  const { protocol, hostname, origin } = new URL(url)
  if (protocol === 'https:') return [good('transport', `${origin}, with TLS`)]
  if (/^(localhost|127\..*|\[::1\])$/.test(hostname))
    return [good('transport', `${origin}, on this machine`)]
  const text = `${origin}, without TLS: anyone on the network path can read everything, and change bodies and responses`
  return [note('transport', text, 'use TLS in front of the server')]
}

function unsignedFinding({ status, rejection, headers }: Outcome): Finding {
  const subject = 'unsigned'
  if (rejection !== null) {
    if (status === 401) return good(subject, 'rejected: 401 with WWW-Authenticate: MAC')
    const text = `${status} ${rejection.code}: withmac rejects every request`
    return bad(
      subject,
      text,
      'see the log of the server, and run "withmac doctor" there to check its database',
    )
  }
  if (status >= 300 && status < 400) {
    return bad(
      subject,
      `${status}: a redirect to ${headers.location}`,
      'use the URL that it redirects to',
    )
  }
  if (status === 401) {
    const challenge = headers['www-authenticate']
    const said = challenge === undefined ? 'there is no WWW-Authenticate' : `it says ${challenge}`
    const advice =
      'something in front of withmac asks for other credentials: a proxy, or another middleware'
    return bad(subject, `401, but not from withmac: ${said}`, advice)
  }
  if (status === 400) {
    return bad(
      subject,
      '400, but not from withmac',
      'if withMac() protects this path, the server itself may refuse the Host that a proxy writes: let the proxy pass ' +
        'on the Host of the client. Otherwise use the URL of a path that withMac() protects',
    )
  }
  if (status >= 400) {
    return bad(
      subject,
      `${status}, but not from withmac`,
      'use the URL of a path that withMac() protects',
    )
  }
  return bad(
    subject,
    `accepted with ${status}: withmac does not protect this path, or has mode: 'optional'`,
    'wrap the handler of this path in withMac(handler), or use the URL of a protected path',
  )
}

/** Returns a header with a wrong MAC, which withmac always rejects. */
function withWrongMac(probe: Probe): string {
  return probe.sign().replace(/mac="[^"]*"$/, 'mac="AAAA"')
}

interface OriginFindings {
  readonly findings: readonly Finding[]
  /** The outcome of a request whose MAC was correct; `null` if no further check is possible. */
  readonly right: Outcome | null
}

async function originFindings(probe: Probe, given: readonly string[]): Promise<OriginFindings> {
  const called = probe.origin
  const outcomes: Outcome[] = []
  for (let tries = 0; tries < TRIES; tries++) outcomes.push(await probe.sendSigned())
  const unclear = outcomes.find((outcome) => verdictOf(outcome) === 'unclear')
  if (unclear !== undefined) {
    const text = `a signed request got a ${unclear.status}, but not from withmac: the handler fails, or something in front of the server does`
    const advice =
      'see the log of the server, try again later, or go around a proxy that limits requests'
    return { findings: [bad('origin', text, advice)], right: null }
  }
  const right = outcomes.filter((outcome) => !isRejected(outcome))
  const [first] = right
  if (first !== undefined) {
    const findings =
      right.length === TRIES
        ? [good('origin', `the server uses ${called}, as in the URL`)]
        : [unknownSomewhere(right.length)]
    return { findings: [...findings, ...endFindings(first)], right: hasEnded(first) ? null : first }
  }
  const candidates = originCandidates(probe.url, given)
  for (const origin of candidates) {
    const outcome = await probe.sendSigned({ origin })
    if (isRejected(outcome) || verdictOf(outcome) === 'unclear') continue
    probe.origin = origin
    const findings = [otherOrigin(origin, called), ...endFindings(outcome)]
    return { findings, right: hasEnded(outcome) ? null : outcome }
  }
  const rewritten =
    outcomes[0]?.rejection?.code === 'ERR_MAC_REJECTED' ? await tryTargets(probe) : null
  if (rewritten !== null) return rewritten
  return { findings: [noOrigin(called, candidates.length + 1, outcomes)], right: null }
}

/** Signs other targets that a proxy may make of the one in the URL. `null` if the server accepts none of them. */
async function tryTargets(probe: Probe): Promise<OriginFindings | null> {
  const called = new URL(probe.url)
  const { host, origin } = called
  const origins = called.port === '' ? [origin, `http://${host}`, `https://${host}`] : [origin]
  for (const signed of new Set(origins)) {
    for (const target of targetCandidates(probe.target)) {
      const outcome = await probe.sendSigned({ origin: signed, target })
      if (isRejected(outcome) || verdictOf(outcome) === 'unclear') continue
      const findings = [
        ...(signed === origin ? [] : [otherOrigin(signed, origin)]),
        otherTarget(target, probe.target),
        ...endFindings(outcome),
      ]
      probe.origin = signed
      probe.target = target
      return { findings, right: hasEnded(outcome) ? null : outcome }
    }
  }
  return null
}

/** What proxies and frameworks make of a target: without a prefix, with other slashes, or decoded. */
function targetCandidates(target: string): string[] {
  const { path, query } = cutTarget(target)
  const paths = [
    ...shorterPaths(path),
    '/',
    path.replace(/\/{2,}/g, '/'),
    toggleSlash(path),
    decodePlain(path),
  ]
  const all = [...paths.map((each) => each + query), path]
  return [...new Set(all)].filter((each) => each !== target && each.startsWith('/'))
}

function otherTarget(arrived: string, called: string): Finding {
  const [seen, signed] = [cutTarget(arrived).path, cutTarget(called).path]
  const advice =
    seen !== signed && signed.endsWith(seen === '/' ? '' : seen)
      ? pathAdvice(signed, seen)
      : 'let the proxy pass on the request-URI as it received it, or set the option requestTarget of withMac'
  return bad(
    'target',
    `the server sees ${arrived}, but clients sign ${called}: a proxy or a framework changes it, and their requests are rejected`,
    advice,
  )
}

/** Whether the request was rejected before or because of its MAC. Other rejections show that the MAC was correct. */
function isRejected({ rejection }: Outcome): boolean {
  return (
    rejection !== null &&
    !/^ERR_MAC_(TIMESTAMP_(STALE|AHEAD)|REPLAY|EXT|EXPIRED|BODY_.*)$/.test(rejection.code ?? '')
  )
}

/** Whether no request with this credential and ext will be accepted. */
function hasEnded({ rejection }: Outcome): boolean {
  return /^ERR_MAC_(EXT|EXPIRED|BODY_.*)$/.test(rejection?.code ?? '')
}

function endFindings({ rejection }: Outcome): Finding[] {
  if (rejection?.code === 'ERR_MAC_EXPIRED') {
    return [
      bad('credential', 'it has expired', 'on the server, run "withmac extend ID --expires 90d"'),
    ]
  }
  if (rejection?.code === 'ERR_MAC_EXT') {
    return [
      bad('ext', 'the server rejects the ext of this probe', 'use --ext with one that it accepts'),
    ]
  }
  return []
}

function unknownSomewhere(right: number): Finding {
  return bad(
    'origin',
    `${TRIES - right} of ${TRIES} signed requests were rejected as unknown or wrong: the replicas behind this address do not share their credentials`,
    'let all replicas use one database and the same options',
  )
}

function otherOrigin(used: string, called: string): Finding {
  const text = `the server uses ${used}, but clients sign ${called}: their requests are rejected`
  const option = `on the server: withMac(app, { origin: '${called}' })`
  if (!isInternalHost(new URL(used).hostname)) return bad('origin', text, option)
  return bad('origin', text, `${option}; or, if a proxy writes this Host, ${PASS_ON_HOST}`)
}

function noOrigin(called: string, tried: number, outcomes: readonly Outcome[]): Finding {
  const code = outcomes[0]?.rejection?.code ?? 'no code'
  const said = outcomes[0]?.rejection?.challenge?.error ?? ''
  if (code === 'ERR_MAC_MISSING') {
    return bad(
      'origin',
      'a signed request arrives without its Authorization header: a proxy removes it',
      'let the proxy pass on Authorization (squid: login=PASSTHRU), see docs/proxies.md',
    )
  }
  if (/^ERR_MAC_(?:HOST|ORIGIN|FORWARDED)$/.test(code)) {
    return bad(
      'origin',
      `a signed request is rejected with ${code}: ${said}`,
      `set origin: '${called}' in the server, or ${PASS_ON_HOST}`,
    )
  }
  if (code !== 'ERR_MAC_REJECTED') {
    return bad(
      'origin',
      `a signed request is rejected with ${code}: ${said}`,
      'see "Error codes" in the documentation',
    )
  }
  return bad(
    'origin',
    `requests signed for ${called} and ${tried - 1} other origins were all rejected, with the target in the URL and with others. Either the server uses yet another origin, or a proxy changes the target in another way, or the server does not have this credential, or the credential is revoked or disabled, or the server has another key for it`,
    'on the server, run "withmac show ID" and check the option origin of withMac; to try one more origin, use --origin here. "withmac explain" explains what onReject reports',
  )
}

async function clockFinding(probe: Probe, right: Outcome): Promise<Finding> {
  const signed = await probe.serverTime()
  // The server truncates to whole seconds: on average, half a second is missing.
  const difference = signed === null ? byDate(right) : signed.seconds + 0.5 - signed.at
  if (difference !== null && Math.abs(difference) > CLOSE) probe.offset = difference
  if (signed !== null) return compareClocks(difference ?? 0, 'according to its signed time')
  const { code, challenge } = right.rejection ?? {}
  if (!/^ERR_MAC_TIMESTAMP_/.test(code ?? '') || Math.abs(difference ?? 0) > FAR) {
    return clockByDate(right)
  }
  const text = `the server rejects the timestamp of a request that was signed now: ${challenge?.error}`
  return bad('clock', text, 'check its clock (timedatectl), and its option now')
}

function clockByDate(outcome: Outcome): Finding {
  const difference = byDate(outcome)
  if (difference === null) return note('clock', 'the server does not send its time')
  return compareClocks(difference, 'according to its Date header')
}

/** How many seconds the `Date` header is ahead of the clock of this machine. */
function byDate({ headers, at }: Outcome): number | null {
  const date = Date.parse(String(headers.date))
  return Number.isNaN(date) ? null : date / 1000 + 0.5 - at
}

function compareClocks(difference: number, source: string): Finding {
  const apart = Math.abs(difference)
  if (apart <= CLOSE) return good('clock', `it is within ${Math.ceil(apart)} s of yours, ${source}`)
  const direction = difference > 0 ? 'ahead of' : 'behind'
  const text = `it is ${showSpan(apart)} ${direction} yours, ${source}`
  const advice =
    'synchronize both clocks (timedatectl shows whether a clock is); the default window is 300 seconds'
  return apart <= FAR ? note('clock', text, advice) : bad('clock', text, advice)
}

const SUBJECT = 'replay'

/**
 * Sends one request, and then replays it on new connections, so that a load balancer leads the copies to all
 * replicas. Two copies are sent at the same time.
 */
async function replayFinding(probe: Probe, copies: number): Promise<Finding> {
  const authorization = probe.sign()
  const first = await probe.send(authorization)
  if (first.rejection !== null) {
    const { code, challenge } = first.rejection
    return bad(
      SUBJECT,
      `not checked, because a new request was rejected: ${code}: ${challenge?.error ?? ''}`,
      'fix the problems above first',
    )
  }
  if (verdictOf(first) !== 'accepted') return notChecked([first], 1)
  const outcomes: Outcome[] = []
  while (outcomes.length < copies) {
    const both = [probe.send(authorization), probe.send(authorization)]
    outcomes.push(...(await Promise.all(both.slice(0, copies - outcomes.length))))
  }
  const accepted = outcomes.filter((outcome) => verdictOf(outcome) === 'accepted').length
  if (accepted > 0) return notShared(accepted, copies)
  const unclear = outcomes.filter((outcome) => verdictOf(outcome) === 'unclear')
  if (unclear.length > 0) return notChecked(unclear, copies)
  const others = outcomes.filter(({ rejection }) => rejection?.code !== 'ERR_MAC_REPLAY')
  const [other] = others
  if (other === undefined) {
    return good(SUBJECT, `${copies} of ${copies} copies rejected, each on its own connection`)
  }
  return note(
    SUBJECT,
    `no copy was accepted, but ${others.length} of ${copies} were rejected for another reason: ${other.rejection?.code}`,
  )
}

function notChecked(outcomes: readonly Outcome[], sent: number): Finding {
  const statuses = [...new Set(outcomes.map(({ status }) => status))].join(', ')
  return bad(
    SUBJECT,
    `not checked: ${outcomes.length} of ${sent} requests got ${statuses}, but not from withmac`,
    'try again later, or go around the proxy that sends this or limits requests',
  )
}

function notShared(accepted: number, copies: number): Finding {
  return bad(
    SUBJECT,
    `${accepted} of ${copies} copies of an accepted request were accepted again: the replicas behind this address do not share their nonces`,
    'let all replicas use the same database file (on one machine), or route each credential to the same replica; until then, whoever intercepts a request can replay it',
  )
}

/** Ports on which servers behind a proxy often listen. */
const PORTS = ['80', '443', '3000', '8000', '8080', '4000', '5000', '8787', '8443']
const HOSTS = ['localhost', '127.0.0.1', '[::1]']

/**
 * Returns the origins that the server may use instead of the one in the URL: those of `--origin`, then the
 * host of the URL with other ports, then the local names of a machine.
 *
 * Only host and port are signed (draft §3.2.1), so each pair is listed once.
 */
function originCandidates(url: string, given: readonly string[]): string[] {
  const own = new URL(url)
  const port = own.port === '' ? (own.protocol === 'https:' ? '443' : '80') : own.port
  const ports = [...new Set(['443', '80', port, ...PORTS])]
  const likely = [own.hostname, ...HOSTS].flatMap((host) =>
    ports.map((each) => originOf(host, each)),
  )
  const named = given.map((origin) => new URL(origin).origin)
  return [...new Set([...named, ...likely])].filter((origin) => origin !== own.origin)
}

/** The scheme matters only for the default port. */
function originOf(host: string, port: string): string {
  return new URL(port === '443' ? `https://${host}` : `http://${host}:${port}`).origin
}
