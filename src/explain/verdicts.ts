import { MacError } from '../errors.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import { plain } from '../protocol/text.ts'
import type { ExplainCredential, ExplainedLine, Explanation } from './explanation.ts'
import { type StaleTimestamp, staleTimestamp, written } from './freshness-verdict.ts'
import { shown } from './guess.ts'
import { faultPlace } from './header-place.ts'
import type { Received } from './received.ts'
import { ORIGIN_CODES, refusalOf } from './refusals.ts'
import type { ExplainSettings, SeenRequest } from './seen.ts'

/** All that is known before the search. */
export interface Case {
  readonly seen: SeenRequest
  readonly sent: MacAuthorization
  readonly received: Received
  readonly now: number | null
  readonly settings: ExplainSettings
  readonly lines: readonly ExplainedLine[]
}

/**
 * An explanation from its parts; what is left out is empty. Each sentence is one line: what a request
 * holds must not look like a verdict of its own.
 */
export function explanation(
  code: string | null,
  sentence: string,
  {
    lines = [],
    slips = [],
    notes = [],
    settings = null,
    search = { tried: 0, bounded: false },
  }: Partial<Explanation> = {},
): Explanation {
  return {
    ok: code === null,
    sentence: plain(sentence),
    code: code === null ? null : plain(code),
    lines,
    slips: slips.map((slip) => ({
      ...slip,
      sentence: plain(slip.sentence),
      change: plain(slip.change),
    })),
    notes: notes.map(plain),
    settings,
    search,
  }
}

/** No parameters could be read. */
export function unreadable(problem: unknown, seen: SeenRequest): Explanation {
  const header = seen.headers.authorization
  if (problem instanceof MacError) {
    const place = header === undefined ? null : faultPlace(header)
    const where = place === null ? '' : ` It goes wrong ${place}`
    return explanation(problem.code, `${problem.message}${where}`)
  }
  if (seen.code === 'ERR_MAC_HEADER_SYNTAX') {
    return explanation(
      seen.code,
      'The header fields of the request are malformed, and could not be read.',
    )
  }
  // Without something behind it, it may be a token and no scheme.
  const scheme = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}(?=[ \t])/.exec(header ?? '')?.[0]
  if (header !== undefined && scheme === undefined) {
    const sentence =
      'The Authorization header names no scheme: let the client send MAC credentials.'
    return explanation('ERR_MAC_MISSING', sentence)
  }
  return explanation(
    'ERR_MAC_MISSING',
    scheme === undefined
      ? 'No Authorization header arrived: the client sent none, or a proxy or a redirect took it off.'
      : `The Authorization header is for the scheme ${scheme}: let the client send MAC credentials.`,
  )
}

/** There is no such credential. */
export function unknown({ sent, lines }: Case): Explanation {
  return explanation(
    'ERR_MAC_UNKNOWN_IDENTIFIER',
    `There is no credential ${shown(sent.id)}: it was deleted, it is in another database, or the ` +
      'client uses another identifier.',
    { lines },
  )
}

/** What was sent as the MAC is none. */
export function noMac({ seen, lines }: Case, refusal: MacError | null): Explanation {
  return explanation(
    wrongMacCode(refusal, seen),
    'What was sent as mac has the length of no MAC, in whatever encoding: let the client send the ' +
      'whole HMAC in base64, 44 characters for hmac-sha-256 and 28 for hmac-sha-1.',
    { lines },
  )
}

/** The code of a refusal whose MAC is wrong: what the server gave up at before it came to the MAC. */
export function wrongMacCode(refusal: MacError | null, { code }: SeenRequest): string {
  if (refusal !== null) return refusal.code
  return code !== undefined && ORIGIN_CODES.has(code) ? code : 'ERR_MAC_MISMATCH'
}

/** The MAC is right, as it was sent and received. */
export function rightMac(
  known: Case,
  credential: ExplainCredential,
  refusal: MacError | null,
  search: Explanation['search'],
): Explanation {
  const lines = known.lines.map((line) => ({ ...line, signed: line.received }))
  const rest = { lines, search: { tried: search.tried, bounded: search.bounded } }
  const { code } = known.seen
  if (refusal !== null) {
    return explanation(refusal.code, `${refusal.message} All else is right, the MAC as well.`, rest)
  }
  const standing = standingOf(known, credential)
  const saysMore = code !== undefined && code !== standing?.code && code !== 'ERR_MAC_REJECTED'
  if (standing !== null && !saysMore) return explanation(standing.code, standing.sentence, rest)
  if (code !== undefined) return explanation(code, refusalOf(code), rest)
  const unjudged =
    known.now === null ? ['When it came is not known, so its age was not judged.'] : []
  return explanation(
    null,
    'The MAC is right, and nothing else is wrong that can be told from here.',
    {
      ...rest,
      notes: [...unjudged, 'Whether its nonce was used before only the server can tell.'],
    },
  )
}

/** What to know of a request that was signed with the key before the last rotation. */
export function oldKeyNote(until: number): string {
  return (
    'It was signed with the key that the credential had before its last rotation, which is valid until ' +
    `${written(until)} and no longer: give the client the new key.`
  )
}

/** Revoked, disabled, replaced, expired, or not fresh. */
function standingOf(
  known: Case,
  { id, revoked, disabled, keyUntil, expires, clockOffset }: ExplainCredential,
): { code: string; sentence: string } | null {
  const { now } = known
  if (revoked != null) {
    const sentence = `The MAC is right, and the credential ${shown(id)} was revoked on ${written(revoked)}: give the client a new one.`
    return { code: 'ERR_MAC_REVOKED', sentence }
  }
  if (disabled != null) {
    const sentence = `The MAC is right, and the credential ${shown(id)} is disabled since ${written(disabled)}: enable it, or let the client use another.`
    return { code: 'ERR_MAC_DISABLED', sentence }
  }
  if (keyUntil != null && now !== null && now >= keyUntil) {
    const sentence = `The MAC is right by a key of the credential ${shown(id)} that was replaced, and whose grace ended on ${written(keyUntil)}: give the client the new key.`
    return { code: 'ERR_MAC_KEY_RETIRED', sentence }
  }
  if (expires != null && now !== null && now >= expires) {
    const sentence = `The MAC is right, and the credential ${shown(id)} expired on ${written(expires)}: give the client a new one.`
    return { code: 'ERR_MAC_EXPIRED', sentence }
  }
  return freshnessOf(known, known.sent.ts, clockOffset)
}

/** What is wrong with a timestamp, by the server's clock and settings. */
export function freshnessOf(
  { now, settings }: Case,
  ts: string,
  offset: number | null | undefined,
): StaleTimestamp | null {
  return staleTimestamp(ts, now, settings.windowSeconds ?? 300, offset ?? 0)
}
