import { MacError } from '../errors.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import { plain } from '../protocol/terminal-text.ts'
import type { Cause, ExplainCredential, Explanation, SeenRequest } from './explanation.ts'
import { type Hint, hintsFor, PASS_ON_HOST } from './hints.ts'
import { faultPosition } from './lenient-header.ts'
import { settableOrigin } from './origin-mistakes.ts'
import type { Received } from './received.ts'
import { type Found, linesOf, type SearchResult, type Signed, shown } from './search.ts'
import { describeCode, describeOther, isAfterMac, isBeforeMac } from './server-codes.ts'
import { looksLikeMilliseconds } from './string-mistakes.ts'

/** What is known before the search. */
export interface Case {
  readonly seen: SeenRequest
  readonly credential: ExplainCredential
  readonly sent: MacAuthorization
  readonly received: Received
  /** What a client without mistakes signed. */
  readonly base: Signed
  /** Why the server rejects the request before it checks the MAC. `null` if it does not. */
  readonly rejection: MacError | null
  readonly now: number | null
  readonly windowSeconds: number | undefined
}

/**
 * Makes an explanation. Parts that are left out are empty. Each sentence is escaped, so that it is one
 * line: otherwise a request could contain text that looks like another verdict.
 */
export function explanation(
  code: string | null,
  sentence: string,
  parts: Partial<Explanation> = {},
): Explanation {
  const { lines = [], mistakes = [], notes = [], settings = null } = parts
  const causes = parts.causes ?? (code === null ? [] : [causeOf(code)])
  const { tried, bounded } = parts.search ?? { tried: 0, bounded: false }
  return {
    ok: code === null,
    sentence: plain(sentence),
    code: code === null ? null : plain(code),
    causes: causes.map((cause) => ({ ...cause, kind: plain(cause.kind) })),
    lines,
    mistakes: mistakes.map((mistake) => {
      return { ...mistake, sentence: plain(mistake.sentence), change: plain(mistake.change) }
    }),
    notes: notes.map(plain),
    settings,
    search: { tried, bounded },
  }
}

/** A code as the certain cause of a rejection: `ERR_MAC_REPLAY` as `replay`. */
function causeOf(code: string): Cause {
  return {
    kind: code
      .replace(/^ERR_MAC_/, '')
      .toLowerCase()
      .replaceAll('_', '-'),
    certain: true,
  }
}

/**
 * The verdict if no parameters could be read.
 *
 * @param mistakes What is wrong with the form of the header, if that was recognized.
 */
export function unreadable(
  problem: unknown,
  { headers, code }: SeenRequest,
  mistakes: readonly Found[],
): Explanation {
  const { authorization } = headers
  const [first] = mistakes
  if (first !== undefined) {
    const said = problem instanceof MacError ? [problem.message] : []
    const { kind, side, did, change } = first
    const mistake = { kind, side, sentence: `The client ${did}.`, change: String(change) }
    const reason = problem instanceof MacError ? problem.code : 'ERR_MAC_MISSING'
    return explanation(reason, `${mistake.sentence} ${mistake.change}`, {
      causes: [{ kind, certain: true }, causeOf(reason)],
      mistakes: [mistake],
      notes: said,
    })
  }
  if (problem instanceof MacError) {
    const position = authorization === undefined ? null : faultPosition(authorization)
    const where = position === null ? '' : ` The error is ${position}`
    return explanation(problem.code, `${problem.message}${where}`)
  }
  if (code === 'ERR_MAC_HEADER_SYNTAX') {
    return explanation(code, 'The header fields are malformed and cannot be read.')
  }
  // Without a space after it, it may be a secret token and not a scheme.
  const scheme = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}(?=[ \t])/.exec(authorization ?? '')?.[0]
  const names = scheme === undefined ? 'has no scheme' : `uses the scheme ${scheme}`
  return explanation(
    'ERR_MAC_MISSING',
    authorization === undefined
      ? 'No Authorization header arrived: the client sent none, or a proxy or a redirect removed it.'
      : `The Authorization header ${names}: let the client send MAC credentials.`,
  )
}

/** The verdict if the credential does not exist. */
export function unknown({ id }: MacAuthorization, base: Signed): Explanation {
  return explanation(
    'ERR_MAC_UNKNOWN_IDENTIFIER',
    `There is no credential ${shown(id)}. It was deleted, it is in another database, or the client uses ` +
      'a wrong identifier.',
    { lines: linesOf(base, null) },
  )
}

/** The verdict if the parameter `mac` cannot be a MAC. */
export function notAMac(known: Case): Explanation {
  return explanation(
    wrongMacCode(known),
    'The mac is too short or too long for an HMAC in any encoding. Let the client send the whole HMAC ' +
      'in base64: 44 characters for hmac-sha-256, 28 for hmac-sha-1.',
    { lines: linesOf(known.base, null), causes: [{ kind: 'mac-length', certain: true }] },
  )
}

/** The verdict if the MAC is right. Other things may be wrong. */
export function rightMac(known: Case, search: SearchResult): Explanation {
  const { seen, base, rejection, now } = known
  const rest = { lines: linesOf(base, search.signed), search }
  if (rejection !== null) {
    const said = `${rejection.message} Everything else is right, including the MAC.`
    return explanation(rejection.code, said, rest)
  }
  const { code } = seen
  const invalid = checkCredential(known) ?? checkTimestamp(known, base)
  const saysMore = code !== undefined && code !== invalid?.code && code !== 'ERR_MAC_REJECTED'
  if (invalid !== null && !saysMore) return explanation(invalid.code, invalid.sentence, rest)
  if (code !== undefined) return explanation(code, describeCode(code), rest)
  const notes = ['Only the server knows whether the nonce was used before.']
  if (now === null)
    notes.unshift('The time of the request is not known, so the timestamp was not checked.')
  const right = 'The MAC is right. Nothing else that can be checked here is wrong.'
  return explanation(null, right, { ...rest, notes })
}

/** The verdict if mistakes explain the MAC. */
export function mistaken(known: Case, found: readonly Found[], search: SearchResult): Explanation {
  const { seen, base, received, rejection } = known
  const { signed } = search
  const mistakes = found.map(({ kind, side, did, change }) => ({
    kind,
    side,
    sentence: `The client ${did}.`,
    change: typeof change === 'string' ? change : change(signed),
  }))
  const did = found.map((mistake) => mistake.did).join(', and ')
  const changes = new Set(mistakes.map(({ change }) => change))
  const isTimeMistake = found.some(({ kind }) => kind.startsWith('ts-'))
  const invalid = isTimeMistake ? null : checkTimestamp(known, signed)
  const isOriginMistake = found.some(
    ({ side, kind }) => side === 'server' && /^(?:port|host|origin)$/.test(kind),
  )
  const isPinned = received.pinned.some(
    ({ host, port }) => host === signed.host && port === signed.port,
  )
  const origin = isOriginMistake && !isPinned ? settableOrigin(signed, base, received) : null
  const notes = [rejection?.message, contradiction(seen), invalid?.sentence, ended(known)]
  return explanation(wrongMacCode(known), `The client ${did}. ${[...changes].join(' ')}`, {
    causes: mistakes.map(({ kind }) => ({ kind, certain: true })),
    lines: linesOf(base, signed),
    mistakes,
    notes: notes.filter((note) => note !== undefined),
    settings: origin === null ? null : { origin },
    search,
  })
}

/**
 * The verdict if no mistake explains the MAC. It first says what the request itself suggests, such as a proxy. A
 * wrong key is the last thing it names: the key is wrong only if the client signed exactly what was received.
 *
 * @param found Mistakes that show in the header or in the MAC itself.
 */
export function nothingFound(
  known: Case,
  found: readonly Found[],
  search: SearchResult,
): Explanation {
  const { seen, sent, credential, base, received, rejection } = known
  const end = ended(known)
  const rest = { lines: linesOf(base, null), search, notes: end === undefined ? [] : [end] }
  // With its own key and the other algorithm, the search would have found the MAC right.
  const otherAlgorithm = found.find(({ kind }) => kind === 'algorithm')
  const certain = found.filter((mistake) => mistake !== otherAlgorithm)
  const proved = certain.map(({ kind }) => ({ kind, certain: true }))
  const changes = certain.map(({ did, change }) => `The client ${did}. ${change}`)
  if (sent.id !== credential.id) {
    return explanation(
      seen.code ?? 'ERR_MAC_UNKNOWN_IDENTIFIER',
      `The request names the credential ${shown(sent.id)}. The key of ${shown(credential.id)}, with ` +
        'which it was compared, did not make this MAC.',
      {
        ...rest,
        notes: [...changes, ...rest.notes],
        causes: [{ kind: 'id', certain: false }, ...proved],
      },
    )
  }
  const other = certain.length === 0 ? '' : 'other '
  const result = search.bounded
    ? `The search ended at its limit before everything was tried, and found no ${other}mistake.`
    : `No ${other}known mistake explains the MAC.`
  const contradicted = contradiction(seen)
  const hints =
    contradicted === undefined
      ? [
          ...(otherAlgorithm === undefined ? [] : [otherCredential(otherAlgorithm)]),
          ...hintsFor(received),
        ]
      : [{ kind: 'settings', certain: true, sentence: contradicted }]
  const rejected = rejection === null ? [] : [causeOf(rejection.code)]
  const [first] = hints
  const causes = [
    ...proved,
    // A host that cannot be used is probably the one that a proxy has written.
    ...(first?.kind === 'proxy-host'
      ? [first, ...rejected, ...hints.slice(1)]
      : [...rejected, ...hints]),
  ]
  const host =
    rejection !== null &&
    first?.kind !== 'proxy-host' &&
    /^ERR_MAC_(?:HOST|ORIGIN)$/.test(rejection.code)
      ? `If a proxy wrote it, ${PASS_ON_HOST}.`
      : undefined
  const said = [
    rejection?.message,
    host,
    ...changes,
    result,
    ...hints.map(({ sentence }) => sentence),
  ]
  return explanation(
    wrongMacCode(known),
    said.filter((sentence) => sentence !== undefined).join(' '),
    { ...rest, causes: causes.map(({ kind, certain }) => ({ kind, certain })) },
  )
}

/** The hint for a MAC of another algorithm that nothing explains. */
function otherCredential({ did }: Found): Hint {
  return {
    kind: 'id',
    certain: false,
    sentence:
      `The client ${did}, and not with the key of this credential: it may sign with another credential than it names. ` +
      'Let it send the id of the credential whose key and algorithm it uses.',
  }
}

/** Why a request with the right MAC is rejected. */
type Invalid = Pick<Explanation, 'code' | 'sentence'>

/** Checks whether the credential is revoked, disabled or expired. `null` if it is valid. */
function checkCredential(known: Case): Invalid | null {
  const end = endOf(known)
  if (end === null) return null
  return { code: end.code, sentence: `${describeCode(end.code)} ${happenedAt(end.since)}` }
}

/** The note for a wrong MAC of a credential that is not valid: with the right MAC, it would be rejected too. */
function ended(known: Case): string | undefined {
  const end = endOf(known)
  return end === null ? undefined : `${describeOther(end.code)} ${happenedAt(end.since)}`
}

function happenedAt(since: number): string {
  return `This happened at ${formatTime(since)}.`
}

/** Returns since when a credential is not valid, and the code for it. `null` if it is valid. */
function endOf({ credential, now }: Case) {
  const { revoked, disabled, keyUntil, expires } = credential
  const past = (time: number | null | undefined) =>
    time != null && now !== null && now >= time ? time : null
  const ends = {
    ERR_MAC_REVOKED: revoked,
    ERR_MAC_DISABLED: disabled,
    ERR_MAC_KEY_RETIRED: past(keyUntil),
    ERR_MAC_EXPIRED: past(expires),
  }
  for (const code of Object.keys(ends) as (keyof typeof ends)[]) {
    const since = ends[code]
    if (since != null) return { code, since }
  }
  return null
}

/**
 * Checks the signed timestamp as the server does (draft §4.1), but learns no clock offset. `null` if it
 * is valid. If the server's time is not known, this finds only timestamps in milliseconds.
 */
function checkTimestamp(
  { credential, now, windowSeconds = 300 }: Case,
  { timestamp }: Signed,
): Invalid | null {
  if (looksLikeMilliseconds(timestamp)) {
    const sentence =
      'The timestamp is in milliseconds, but must be in seconds. Let the client sign and send ' +
      'Math.floor(Date.now() / 1000).'
    return { code: 'ERR_MAC_TIMESTAMP_AHEAD', sentence }
  }
  if (now === null) return null
  const offset = credential.clockOffset ?? 0
  const age = Math.floor(now) - (Number(timestamp) + offset)
  const distance = Math.abs(age)
  if (!(distance > windowSeconds)) return null
  const learned = offset === 0 ? '' : `, with the ${offset} s learned of the client's clock`
  const sentence =
    `The timestamp is ${distance} s ${age > 0 ? 'behind' : 'ahead of'} the server's clock (client: ` +
    `${formatTime(Number(timestamp))}, server: ${formatTime(now)}${learned}). At most ` +
    `${windowSeconds} s are allowed. ${Math.abs(age + offset) <= windowSeconds ? CLOCK_CORRECTED : clockAdvice(age)}.`
  return { code: age > 0 ? 'ERR_MAC_TIMESTAMP_STALE' : 'ERR_MAC_TIMESTAMP_AHEAD', sentence }
}

/** The advice if the timestamp is right without the offset that the server learned. */
const CLOCK_CORRECTED =
  "Without what was learned, it would be right: the client's clock was corrected since. Let the server forget the " +
  'offset, with mac.resetClockOffset(id)'

function clockAdvice(age: number): string {
  const hours = Math.round(Math.abs(age) / 1800) / 2
  if (hours >= 0.5 && Math.abs(Math.abs(age) - hours * 3600) <= 60) {
    return `The difference is ${hours} h, so one side probably uses local time as UTC. Let both count seconds since 1970 in UTC`
  }
  return age > 0
    ? "If the server's clock is right, the client's clock is slow: set it. Or the request was delayed: let the client sign it again"
    : "If the server's clock is right, the client's clock is fast: set it"
}

/** Formats a time as ISO 8601, if it is in the range of a Date. */
function formatTime(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace('.000Z', 'Z')
}

/** The code of a request with a wrong MAC. A reason to reject it before the MAC is checked comes first. */
function wrongMacCode({ rejection, seen: { code } }: Case): string {
  if (rejection !== null) return rejection.code
  return code !== undefined && isBeforeMac(code) ? code : 'ERR_MAC_MISMATCH'
}

/** The note for a MAC that the server found right, but that is wrong here. */
function contradiction({ code }: SeenRequest): string | undefined {
  if (code === undefined || !isAfterMac(code)) return undefined
  return (
    `The server answered ${code}, so it found the MAC right. This means that the credential or ` +
    'the origin that was used here is not the one of the server.'
  )
}

/** The note for a request that was signed with the key before the last rotation. */
export function oldKeyNote(until: number, now: number | undefined): string {
  const isOver = now !== undefined && now >= until
  return (
    'It was signed with the key that the credential had before its last rotation. That key ' +
    `${isOver ? 'was' : 'is'} valid until ${formatTime(until)}: give the client the new key.`
  )
}
