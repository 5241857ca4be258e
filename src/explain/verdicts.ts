import { MacError } from '../errors.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import { plain } from '../protocol/terminal-text.ts'
import type { ExplainCredential, Explanation, SeenRequest } from './explanation.ts'
import { faultPosition } from './lenient-header.ts'
import { originOf } from './origin-mistakes.ts'
import type { Received } from './received.ts'
import { type Found, linesOf, type SearchResult, type Signed, shown } from './search.ts'
import { describeCode, isAfterMac, isBeforeMac } from './server-codes.ts'
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
  const { tried, bounded } = parts.search ?? { tried: 0, bounded: false }
  return {
    ok: code === null,
    sentence: plain(sentence),
    code: code === null ? null : plain(code),
    lines,
    mistakes: mistakes.map((mistake) => {
      return { ...mistake, sentence: plain(mistake.sentence), change: plain(mistake.change) }
    }),
    notes: notes.map(plain),
    settings,
    search: { tried, bounded },
  }
}

/** The verdict if no parameters could be read. */
export function unreadable(problem: unknown, { headers, code }: SeenRequest): Explanation {
  const { authorization } = headers
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
    { lines: linesOf(known.base, null) },
  )
}

/** The verdict if the MAC is right. Other things may be wrong. */
export function rightMac(known: Case, search: SearchResult): Explanation {
  const { seen, base, rejection, now } = known
  const rest = { lines: linesOf(base, base), search }
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
    ({ side, kind }) => side === 'server' && kind !== 'target-original',
  )
  const origin = isOriginMistake ? originOf(signed, received) : null
  const notes = [rejection?.message, contradiction(seen), invalid?.sentence]
  return explanation(wrongMacCode(known), `The client ${did}. ${[...changes].join(' ')}`, {
    lines: linesOf(base, signed),
    mistakes,
    notes: notes.filter((note) => note !== undefined),
    settings: origin === null ? null : { origin },
    search,
  })
}

/**
 * The verdict if no mistake explains the MAC. A wrong key is the last thing it names: the key is
 * wrong only if the client signed exactly what was received.
 *
 * @param macMistakes The mistakes that show in the MAC itself.
 */
export function nothingFound(
  known: Case,
  macMistakes: readonly Found[],
  search: SearchResult,
): Explanation {
  const { seen, sent, credential, base, received, rejection } = known
  const notes = macMistakes.map(({ did, change }) => `Also, the client ${did}. ${change}`)
  const rest = { lines: linesOf(base, null), notes, search }
  if (sent.id !== credential.id) {
    return explanation(
      seen.code ?? 'ERR_MAC_UNKNOWN_IDENTIFIER',
      `The request names the credential ${shown(sent.id)}. The key of ${shown(credential.id)}, with ` +
        'which it was compared, did not make this MAC.',
      rest,
    )
  }
  const result = search.bounded
    ? 'The search ended at its limit before everything was tried, and found no mistake.'
    : 'No known mistake explains the MAC.'
  const proxy = received.pinned
    ? ''
    : 'host and port, which a proxy may change (then set origin in the server), and '
  const advice =
    `Check first whether the client signed the lines as received, especially ${proxy}the request-URI, ` +
    "which a proxy or the server's runtime may rewrite. If it did, it probably has another key than " +
    'this credential: compare where both keys come from. The key may have been replaced.'
  const said = `${result} ${contradiction(seen) ?? advice}`
  const sentence = rejection === null ? said : `${rejection.message} ${said}`
  return explanation(wrongMacCode(known), sentence, rest)
}

/** Why a request with the right MAC is rejected. */
type Invalid = Pick<Explanation, 'code' | 'sentence'>

/** Checks whether the credential is revoked, disabled or expired. `null` if it is valid. */
function checkCredential({ credential, now }: Case): Invalid | null {
  const { revoked, disabled, keyUntil, expires } = credential
  const past = (time: number | null | undefined) =>
    time != null && now !== null && now >= time ? time : null
  const ends = {
    ERR_MAC_REVOKED: revoked,
    ERR_MAC_DISABLED: disabled,
    ERR_MAC_KEY_RETIRED: past(keyUntil),
    ERR_MAC_EXPIRED: past(expires),
  }
  const [code, since] = Object.entries(ends).find(([, time]) => time != null) ?? []
  if (code === undefined || since == null) return null
  return { code, sentence: `${describeCode(code)} This happened at ${formatTime(since)}.` }
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
    `${windowSeconds} s are allowed. ${clockAdvice(age)}.`
  return { code: age > 0 ? 'ERR_MAC_TIMESTAMP_STALE' : 'ERR_MAC_TIMESTAMP_AHEAD', sentence }
}

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
export function oldKeyNote(until: number): string {
  return (
    'It was signed with the key that the credential had before its last rotation. That key is valid ' +
    `until ${formatTime(until)}: give the client the new key.`
  )
}
