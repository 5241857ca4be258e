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
import type { SeenRequest } from './seen.ts'
import { stringSlips } from './string-slips.ts'
import { targetSlips, wholeUrlSlips } from './target-slips.ts'
import { timeSlips } from './time-slips.ts'
import { type Case, noMac, rightMac, unknown, unreadable } from './verdicts.ts'

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
  const settings = { ...seen.settings, ...given(options) }
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
  if (result.found === null) return nothingFound(known, credential, refusal, form, result)
  const slips = slipsOf(known, credential, form, result)
  if (slips.length === 0) return rightMac(known, credential, refusal, result)
  return slipped(known, credential, refusal, slips, result)
}

/** Options that are there: what is `undefined` must not hide what the request brings. */
function given(options: ExplainOptions): ExplainOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
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
