import { MacError } from '../errors.ts'
import { withRawQuotes } from '../protocol/url-pieces.ts'
import type { ExplainCredential, ExplainOptions, Explanation, SeenRequest } from './explanation.ts'
import { bytesOf, keyMistakes, readMac } from './key-mistakes.ts'
import { readHeader } from './lenient-header.ts'
import { anyPort, originMistakes } from './origin-mistakes.ts'
import { receive } from './received.ts'
import { ELEMENTS, type Found, type SearchResult, type Signed, search, shown } from './search.ts'
import { isAfterMac } from './server-codes.ts'
import { stringMistakes } from './string-mistakes.ts'
import { anyEscape, MAX_TARGET_LENGTH, targetMistakes } from './target-mistakes.ts'
import { cutTarget } from './target-pieces.ts'
import {
  type Case,
  mistaken,
  notAMac,
  nothingFound,
  oldKeyNote,
  rightMac,
  unknown,
  unreadable,
} from './verdicts.ts'

/** The default of `maxTries`. */
const MAX_TRIES = 60_000

/**
 * Explains why a request is rejected, and what to change. It looks for the mistakes that clients and
 * proxies make: one at a time, then two, then three everyday ones. It shows the normalized request
 * string as received, and as the client signed it.
 *
 * It only computes MACs, at most `maxTries` for each key of the credential. It uses no nonce and reads
 * no store. It does *not* find a replay, unless `seen` has the code of the rejection. The explanation
 * contains neither the key nor a MAC that was not in the request. It does not throw, whatever the
 * request holds.
 *
 * @param credential The credential that the request names. `null` if there is none.
 *
 * @example
 * explain(readSeenRequest(text), { id: 'ada', key: 'the key' }).sentence
 */
export function explain(
  seen: SeenRequest,
  credential: ExplainCredential | null,
  options: ExplainOptions = {},
): Explanation {
  // origin and trustProxy come from one place: both from the options, or both from the request.
  const hasOrigin = options.origin !== undefined || options.trustProxy !== undefined
  const received = receive(seen, (hasOrigin ? options : seen.settings) ?? {})
  const { sent, problem, mistakes } = readHeader(seen.headers.authorization ?? null)
  if (sent === null) return unreadable(problem, seen, mistakes)
  const base: Signed = {
    timestamp: sent.ts,
    nonce: sent.nonce,
    method: received.method.toUpperCase(),
    before: '',
    ...cutTarget(received.target),
    host: received.host,
    port: received.port,
    ext: sent.ext ?? '',
    order: ELEMENTS,
    first: '',
    between: '\n',
    last: '\n',
    key: bytesOf(credential?.key ?? ''),
  }
  if (credential === null) return unknown(sent, base)
  const { id, key, algorithm = 'hmac-sha-256' } = credential
  const known: Case = {
    seen,
    credential,
    sent,
    received,
    base,
    rejection: headerError(problem, mistakes) ?? received.problem,
    now: seen.receivedAt ?? options.now ?? null,
    windowSeconds: options.windowSeconds ?? seen.settings?.windowSeconds,
  }
  const mac = readMac(sent.mac, algorithm)
  if (mac === null) {
    const isMac = !(problem instanceof MacError) || problem.code === 'ERR_MAC_ENCODING'
    return isMac ? notAMac(known) : unreadable(problem, seen, mistakes)
  }
  const candidates = [
    ...originMistakes(base, received),
    ...targetMistakes(base.path, base.query, received),
    ...keyMistakes(id, key),
    ...stringMistakes(base, seen.method),
  ]
  const last = () => [...anyPort(base, received), ...anyEscape(base)]
  const result = search(base, candidates, mac, options.maxTries ?? MAX_TRIES, last)
  if (result.found !== null && isOtherForm(result, base, seen)) return rightMac(known, result)
  if (result.found !== null) {
    const found = [...mistakes, ...otherIdentifier(sent.id, id), ...result.found, ...mac.mistakes]
    return found.length === 0 ? rightMac(known, result) : mistaken(known, found, result)
  }
  const bounded = result.bounded || received.target.length > MAX_TARGET_LENGTH
  return (
    explainByOldKey(seen, credential, options) ??
    nothingFound(known, [...mistakes, ...mac.mistakes], { ...result, bounded })
  )
}

/**
 * Whether the client signed `'` for each `%27` of the query, and the server found that right: on Bun it takes both,
 * because it cannot see which of them was sent.
 */
function isOtherForm(
  { found, signed }: SearchResult,
  { path, query }: Signed,
  { code }: SeenRequest,
) {
  const isTarget = withRawQuotes(path + query) === signed.path + signed.query
  return found?.length === 1 && isTarget && code !== undefined && isAfterMac(code)
}

/** Returns why the server rejects the header. It takes a header without the scheme for one of another scheme. */
function headerError(problem: unknown, mistakes: readonly Found[]): MacError | null {
  if (problem instanceof MacError) return problem
  return mistakes.length === 0 ? null : new MacError('ERR_MAC_MISSING')
}

function otherIdentifier(sent: string, id: string): Found[] {
  if (sent === id) return []
  const did = `named the credential ${shown(sent)} and signed with the key of ${shown(id)}`
  return [{ kind: 'id', side: 'client', did, change: `Let the client send id=${shown(id)}.` }]
}

/** Tries the key before the last rotation. `null` if there is none, or if it explains nothing either. */
function explainByOldKey(
  seen: SeenRequest,
  credential: ExplainCredential,
  options: ExplainOptions,
): Explanation | null {
  const { oldKey } = credential
  if (oldKey == null) return null
  const { key, algorithm, until } = oldKey
  const rotated = { ...credential, key, algorithm, keyUntil: until, oldKey: null }
  const explained = explain(seen, rotated, options)
  const found = explained.lines.some(({ signed }) => signed !== null)
  return found
    ? {
        ...explained,
        notes: [oldKeyNote(until, seen.receivedAt ?? options.now), ...explained.notes],
      }
    : null
}
