import { MacError } from '../errors.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import type { ExplainCredential, ExplainOptions, Explanation } from './explanation.ts'
import { nothingFound, slipped, slipsOf } from './findings.ts'
import { cutTarget, ELEMENTS, type Guess } from './guess.ts'
import { keyForm, keySlips } from './key-slips.ts'
import { receivedLines } from './lines.ts'
import { readHeader } from './loose-header.ts'
import { macForm } from './mac-forms.ts'
import { originSlips } from './origin-slips.ts'
import { type Received, receive } from './received.ts'
import { type SearchSpace, search } from './search.ts'
import type { ExplainSettings, SeenRequest } from './seen.ts'
import { stringSlips } from './string-slips.ts'
import { targetSlips, wholeUrlSlips } from './target-slips.ts'
import { timeSlips } from './time-slips.ts'
import { type Case, noMac, oldKeyNote, rightMac, unknown, unreadable } from './verdicts.ts'

/** The most MACs that are computed for one request. */
const MAX_TRIES = 60_000

/**
 * Tells why a request is refused, and what to change: sets the normalized request string as received
 * beside the one that was signed, and looks for the slips that clients and proxies make, one, two
 * and, of the everyday ones, three at a time.
 *
 * It computes MACs, up to `maxTries`, and does nothing else: no nonce is used up, no store asked. It
 * cannot tell a replay, unless the request brings the code that it was refused with. What it returns
 * holds neither the key nor a MAC that the request did not bring. Never throws for what a request holds.
 *
 * @param credential The one that the request names; `null` where there is none.
 *
 * @example
 * explain(readSeenRequest(text), { id: 'ada', key: 'the key' }).sentence
 */
export function explain(
  seen: SeenRequest,
  credential: ExplainCredential | null,
  options: ExplainOptions = {},
): Explanation {
  const settings = settingsOf(seen, options)
  const now = seen.receivedAt ?? options.now ?? null
  const received = receive(seen, settings)
  const { sent, problem } = readHeader(seen.headers.authorization ?? null)
  if (sent === null) return unreadable(problem, seen)
  const lines = receivedLines(sent, received)
  const known: Case = { seen, sent, received, now, settings, lines }
  if (credential === null) return unknown(known)
  const refusal = problem instanceof MacError ? problem : received.problem
  const form = macForm(sent.mac, credential.algorithm ?? 'hmac-sha-256')
  if (form === null) return noMac(known, refusal)
  const space = searchSpace(sent, received, credential, seen.method)
  const result = search(space, form, options.maxTries ?? MAX_TRIES)
  if (result.found === null) {
    const byOldKey = explainByOldKey(seen, credential, options)
    return byOldKey ?? nothingFound(known, credential, refusal, form, result)
  }
  const slips = slipsOf(known, credential, form, result)
  if (slips.length === 0) return rightMac(known, credential, refusal, result)
  return slipped(known, credential, refusal, slips, result)
}

/** What the key before the last rotation explains, where the one of today explains nothing; or `null`. */
function explainByOldKey(
  seen: SeenRequest,
  credential: ExplainCredential,
  options: ExplainOptions,
): Explanation | null {
  const { oldKey } = credential
  if (oldKey == null) return null
  const { key, algorithm, until } = oldKey
  const before = { ...credential, key, algorithm, keyUntil: until, oldKey: null }
  const explained = explain(seen, before, options)
  const found = explained.lines.some(({ signed }) => signed !== null)
  return found ? { ...explained, notes: [oldKeyNote(until), ...explained.notes] } : null
}

/** The options, and what they leave out from the request: `origin` and `trustProxy` go together. */
function settingsOf({ settings = {} }: SeenRequest, options: ExplainOptions): ExplainSettings {
  const placed = options.origin !== undefined || options.trustProxy !== undefined
  const { origin, trustProxy } = placed ? options : settings
  return { origin, trustProxy, windowSeconds: options.windowSeconds ?? settings.windowSeconds }
}

function searchSpace(
  sent: MacAuthorization,
  received: Received,
  { id, key }: ExplainCredential,
  method: string,
): SearchSpace {
  const target = cutTarget(received.target)
  const base: Guess = {
    ts: sent.ts,
    nonce: sent.nonce,
    method: received.method.toUpperCase(),
    before: '',
    ...target,
    host: received.host,
    port: received.port,
    ext: sent.ext ?? '',
    order: ELEMENTS,
    between: '\n',
    last: '\n',
    first: '',
    key: keyForm(key),
  }
  const times = timeSlips(sent.ts)
  const header = (name: string) => received.headers[name]
  return {
    base,
    usual: [
      ...originSlips(base, received),
      ...targetSlips(target, received.urlTarget, header),
      ...wholeUrlSlips(received),
      ...times.usual,
      ...keySlips(id, key),
      ...stringSlips(base, method),
    ],
    many: times.many,
  }
}
