import { MacError } from '../errors.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import { plain } from '../protocol/text.ts'
import type { ExplainCredential, Explanation, SeenRequest } from './explanation.ts'
import { faultPosition } from './lenient-header.ts'
import { originOf } from './origin-mistakes.ts'
import type { Received } from './received.ts'
import { type Found, linesOf, type SearchResult, type Signed, shown } from './search.ts'
import { isAfterTheMac, isBeforeTheMac, saidOfCode } from './server-codes.ts'
import { looksLikeMilliseconds } from './string-mistakes.ts'

/** All that is known before the search. */
export interface Case {
  readonly seen: SeenRequest
  readonly credential: ExplainCredential
  readonly sent: MacAuthorization
  readonly received: Received
  /** What the client signed, if it did all right. */
  readonly base: Signed
  /** Why the server cannot come to the MAC, if it cannot. */
  readonly rejection: MacError | null
  readonly now: number | null
  readonly windowSeconds: number | undefined
}

/**
 * An explanation from its parts; what is left out is empty. Each sentence is one line: what a request
 * holds must not look like a verdict of its own.
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

/** No parameters could be read. */
export function unreadable(problem: unknown, { headers, code }: SeenRequest): Explanation {
  const { authorization } = headers
  if (problem instanceof MacError) {
    const position = authorization === undefined ? null : faultPosition(authorization)
    const where = position === null ? '' : ` It goes wrong ${position}`
    return explanation(problem.code, `${problem.message}${where}`)
  }
  if (code === 'ERR_MAC_HEADER_SYNTAX') {
    return explanation(code, 'The header fields are malformed, and could not be read.')
  }
  // Without something behind it, it may be a token and not a scheme.
  const scheme = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}(?=[ \t])/.exec(authorization ?? '')?.[0]
  const names = scheme === undefined ? 'names no scheme' : `is for the scheme ${scheme}`
  return explanation(
    'ERR_MAC_MISSING',
    authorization === undefined
      ? 'No Authorization header arrived: the client sent none, or a proxy or a redirect removed it.'
      : `The Authorization header ${names}: let the client send MAC credentials.`,
  )
}

/** There is no such credential. */
export function unknown({ id }: MacAuthorization, base: Signed): Explanation {
  return explanation(
    'ERR_MAC_UNKNOWN_IDENTIFIER',
    `There is no credential ${shown(id)}: it was deleted, it is in another database, or the client uses ` +
      'another identifier.',
    { lines: linesOf(base, null) },
  )
}

/** What was sent as the MAC cannot be one. */
export function notAMac(known: Case): Explanation {
  return explanation(
    wrongMacCode(known),
    'The mac that was sent has the length of no HMAC in any encoding: let the client send the whole ' +
      'HMAC in base64, 44 characters for hmac-sha-256 and 28 for hmac-sha-1.',
    { lines: linesOf(known.base, null) },
  )
}

/** The MAC is right, as it was sent and received. */
export function rightMac(known: Case, search: SearchResult): Explanation {
  const { seen, base, rejection, now } = known
  const rest = { lines: linesOf(base, base), search }
  if (rejection !== null) {
    const said = `${rejection.message} All else is right, the MAC as well.`
    return explanation(rejection.code, said, rest)
  }
  const { code } = seen
  const invalid = endOf(known) ?? staleness(known, base)
  const saysMore = code !== undefined && code !== invalid?.code && code !== 'ERR_MAC_REJECTED'
  if (invalid !== null && !saysMore) return explanation(invalid.code, invalid.sentence, rest)
  if (code !== undefined) return explanation(code, saidOfCode(code), rest)
  const notes = ['Whether its nonce was used before only the server can tell.']
  if (now === null) notes.unshift('When it came is not known, so its age was not judged.')
  const right = 'The MAC is right, and nothing else is wrong that can be told from here.'
  return explanation(null, right, { ...rest, notes })
}

/** The MAC is right for what the client signed. */
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
  const isOfTime = found.some(({ kind }) => kind.startsWith('ts-'))
  const stale = isOfTime ? null : staleness(known, signed)
  const isOfServer = found.some(({ side, kind }) => side === 'server' && kind !== 'target-original')
  const origin = isOfServer ? originOf(signed, received) : null
  const notes = [rejection?.message, contradiction(seen), stale?.sentence]
  return explanation(wrongMacCode(known), `The client ${did}. ${[...changes].join(' ')}`, {
    lines: linesOf(base, signed),
    mistakes,
    notes: notes.filter((note) => note !== undefined),
    settings: origin === null ? null : { origin },
    search,
  })
}

/**
 * No mistake explains the MAC. That the client has another key is what remains if it signed just what
 * was received, so it is the last thing said.
 *
 * @param besides What is wrong with the MAC itself.
 */
export function nothingFound(
  known: Case,
  besides: readonly Found[],
  search: SearchResult,
): Explanation {
  const { seen, sent, credential, base, received, rejection } = known
  const notes = besides.map(({ did, change }) => `Besides, the client ${did}. ${change}`)
  const rest = { lines: linesOf(base, null), notes, search }
  if (sent.id !== credential.id) {
    return explanation(
      seen.code ?? 'ERR_MAC_UNKNOWN_IDENTIFIER',
      `The request names the credential ${shown(sent.id)}, and the one given is ` +
        `${shown(credential.id)}, whose key did not make this MAC either.`,
      rest,
    )
  }
  const result = search.bounded
    ? 'The search was ended by its bound before all was tried, and found no mistake.'
    : 'No known mistake explains the MAC.'
  const proxy = received.pinned
    ? ''
    : 'host and port, which a proxy may change (then set origin in the server), and '
  const advice =
    `Check first whether the client signed the lines as received, above all ${proxy}the request-URI, ` +
    "which a proxy or the server's runtime may rewrite. If it did, it most likely has another key than " +
    'this credential: compare where both come from, as the key may have been replaced.'
  const said = `${result} ${contradiction(seen) ?? advice}`
  const sentence = rejection === null ? said : `${rejection.message} ${said}`
  return explanation(wrongMacCode(known), sentence, rest)
}

/** Why a request with the right MAC is rejected all the same. */
type Invalid = Pick<Explanation, 'code' | 'sentence'>

/** Whether the credential was revoked, or has come to its end; `null` if it is valid. */
function endOf({ credential, now }: Case): Invalid | null {
  const { revoked, disabled, keyUntil, expires } = credential
  const past = (moment: number | null | undefined) =>
    moment != null && now !== null && now >= moment ? moment : null
  const ends = {
    ERR_MAC_REVOKED: revoked,
    ERR_MAC_DISABLED: disabled,
    ERR_MAC_KEY_RETIRED: past(keyUntil),
    ERR_MAC_EXPIRED: past(expires),
  }
  const [code, since] = Object.entries(ends).find(([, moment]) => moment != null) ?? []
  if (code === undefined || since == null) return null
  return { code, sentence: `${saidOfCode(code)} This holds since ${written(since)}.` }
}

/**
 * Judges the timestamp that was signed as the server does (draft §4.1), without learning anything. If the
 * server's clock is not known, only what no clock could make right is found.
 */
function staleness(
  { credential, now, windowSeconds = 300 }: Case,
  { timestamp }: Signed,
): Invalid | null {
  if (looksLikeMilliseconds(timestamp)) {
    const sentence =
      'The timestamp is in milliseconds, and must be in seconds: let the client send, and sign, ' +
      'Math.floor(Date.now() / 1000).'
    return { code: 'ERR_MAC_TIMESTAMP_AHEAD', sentence }
  }
  if (now === null) return null
  const offset = credential.clockOffset ?? 0
  const age = Math.floor(now) - (Number(timestamp) + offset)
  const far = Math.abs(age)
  if (!(far > windowSeconds)) return null
  const learned = offset === 0 ? '' : `, the ${offset} s learned of the client's clock counted in`
  const sentence =
    `The timestamp is ${far} s ${age > 0 ? 'behind' : 'ahead of'} the server's clock (client: ` +
    `${written(Number(timestamp))}, server: ${written(now)}${learned}), and ${windowSeconds} s are ` +
    `allowed: ${cure(age)}.`
  return { code: age > 0 ? 'ERR_MAC_TIMESTAMP_STALE' : 'ERR_MAC_TIMESTAMP_AHEAD', sentence }
}

function cure(age: number): string {
  const hours = Math.round(Math.abs(age) / 1800) / 2
  if (hours >= 0.5 && Math.abs(Math.abs(age) - hours * 3600) <= 60) {
    return `the difference is ${hours} h, so one side probably takes local time for UTC. Let both count seconds since 1970 in UTC`
  }
  return age > 0
    ? "set the client's clock, which is slow if the server's is right. Or the request was held back: let the client sign it anew"
    : "set the client's clock, which is fast if the server's is right"
}

/** A moment, as far as a Date can show it. */
function written(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace('.000Z', 'Z')
}

/** The code of a request whose MAC is wrong: what the server gave up at before it came to the MAC. */
function wrongMacCode({ rejection, seen: { code } }: Case): string {
  if (rejection !== null) return rejection.code
  return code !== undefined && isBeforeTheMac(code) ? code : 'ERR_MAC_MISMATCH'
}

/** The server found the MAC right that is wrong here. */
function contradiction({ code }: SeenRequest): string | undefined {
  if (code === undefined || !isAfterTheMac(code)) return undefined
  return (
    `The server answered ${code}, so it found the MAC right: the credential or the origin that it was ` +
    'judged by here is not the one that the server has.'
  )
}

/** What to know of a request that was signed with the key before the last rotation. */
export function oldKeyNote(until: number): string {
  return (
    'It was signed with the key that the credential had before its last rotation, which is valid until ' +
    `${written(until)} and no longer: give the client the new key.`
  )
}
