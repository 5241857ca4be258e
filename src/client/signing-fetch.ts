import { serverTimeOf } from '../protocol/challenge.ts'
import { ServerClocks, systemClock } from './clock.ts'
import { type ClientCredential, readCredential, type Signer } from './credential.ts'
import { checkInit, checkOptions, type MacFetch, type MacFetchOptions } from './options.ts'
import { payloadOf } from './payload.ts'
import { type Hop, locationOf, nextHop, tooManyRedirects } from './redirect.ts'
import { answerLost, challengeOf, isLimitedReplay, rejectionCode } from './rejection.ts'
import { randomNonce, type Signature, sign } from './sign.ts'
import { checkHeaders, extFor, isPrivate, wireMethod, wireUrl, withoutCarets } from './wire.ts'

/**
 * Makes a `fetch` that signs each request (draft §3), with a nonce of its own: call it again to try
 * again. It takes what `fetch` takes, and passes on what it does not know.
 *
 * - The MAC covers method, target, host, port, timestamp, nonce and `ext`; *not* header fields, nor
 *   the body without the option `body`. A body that is a stream stays one, except with that option.
 * - Redirects are followed by hand and signed anew on the same origin, and go unsigned to another, as
 *   does all that follows there. `redirect: 'manual'` and `'error'` are heeded. One from `https:` to
 *   `http:` is refused, and one over plain `http:` that would be signed: see `trustPlainHttp`.
 * - Where the server refuses the timestamp and tells its time, authenticated with this very key for
 *   this very request, the offset is kept for that origin and the request sent once more. Where its
 *   body cannot be, the 401 is given back, and the next request will be right.
 * - A 401 that is given back was a rejection. If the server has had the request before, though it was
 *   sent once, it was probably carried out and its answer lost: then this rejects, and repeats nothing.
 *
 * It needs node:crypto, as servers' runtimes have it, and a `fetch` that shows redirects: it is *not*
 * for browsers, where a key would not stay secret either.
 *
 * @throws TypeError where the credential or an option is wrong: now. The function that it gives rejects
 *   with {@link MacError} `ERR_MAC_CLIENT_URL`, `_METHOD` or `_HEADER` where something else would be
 *   sent than what is signed, `ERR_MAC_CLIENT_REDIRECT` where a redirect is not followed,
 *   `ERR_MAC_CLIENT_ANSWER_LOST` where the request was probably carried out, and as `fetch` does.
 *
 * @example
 * const macFetch = createMacFetch({ id: process.env.MAC_ID, key: process.env.MAC_KEY })
 * const answer = await macFetch('https://api.example.com/orders', { method: 'POST', body: 'one' })
 */
export function createMacFetch(
  credential: ClientCredential,
  options: MacFetchOptions = {},
): MacFetch {
  const signer = readCredential(credential)
  checkOptions('createMacFetch', options)
  const signers = { current: () => signer, accepted() {}, refused: () => false }
  return signingFetch(signers, options)
}

/** Who signs: one credential for ever, or one that is renewed. */
export interface Signers {
  /** What to sign with now. Rejects where there is nothing, and when the signal says so. */
  current(signal: AbortSignal | null | undefined): Signer | Promise<Signer>
  /** Is told that a server took what was signed with this. */
  accepted(signer: Signer): void
  /**
   * Is told of a 401 that answers what was signed with this, for another reason than its timestamp, and
   * that reason; says whether there is another to try with. The 401 may be forged.
   */
  refused(signer: Signer, code: unknown): boolean
}

/** What `createMacFetch` and `createTokenFetch` give; the options must have been checked. */
export function signingFetch(signers: Signers, options: MacFetchOptions): MacFetch {
  const { now = systemClock, nonce = randomNonce, body: bind = false } = options
  const { maxRedirects = 20, trustPlainHttp = false, clockOffset = 0 } = options
  const send: MacFetch = options.fetch ?? ((input, init) => fetch(input, init))
  const clocks = new ServerClocks(clockOffset)

  return async (input, given) => {
    // fetch takes null as well.
    const init = given ?? {}
    checkInit(init)
    const request = isRequest(input) ? input : null
    const mode = init.redirect ?? request?.redirect ?? 'follow'
    const signal = init.signal ?? request?.signal
    const { body: _, ...rest } = { ...init, ...(signal === undefined ? {} : { signal }) }
    let hop = await firstHop(input, request, init)
    try {
      for (let redirects = 0; ; redirects++) {
        const response = await exchange(hop, redirects === 0 ? request : null)
        const location = mode === 'follow' ? locationOf(response) : null
        if (location === null) {
          if (redirects > 0) Object.defineProperty(response, 'redirected', { value: true })
          return response
        }
        await response.body?.cancel()
        if (redirects === maxRedirects) tooManyRedirects(maxRedirects)
        hop = nextHop(hop, response.status, location, trustPlainHttp)
      }
    } finally {
      hop.payload.drop()
    }

    /** Sends a request, and again by another clock or another signer: once for each of both reasons. */
    async function exchange(hop: Hop, carrier: Request | null): Promise<Response> {
      if (!hop.signed) return transmit(hop, carrier, hop.headers)
      const tried = new Set<Remedy>()
      for (;;) {
        const signer = await signers.current(signal)
        const attempt = signHop(hop, signer)
        const response = await transmit(hop, carrier, withSignature(hop, attempt))
        if (response.status < 400) signers.accepted(signer)
        if (response.status !== 401 && response.status !== 429) return response
        const remedy = await remedyOf(response, hop, attempt)
        if (remedy === null || tried.has(remedy) || !hop.payload.repeatable) return response
        tried.add(remedy)
        await response.body?.cancel()
      }
    }

    function transmit(hop: Hop, carrier: Request | null, headers: Headers): Promise<Response> {
      const redirect = mode === 'follow' ? 'manual' : mode
      const body = hop.payload.take()
      const { method } = hop
      const own = { ...rest, method, headers, redirect, ...(body === undefined ? {} : { body }) }
      return send(carrier ?? hop.url.href, own)
    }
  }

  async function firstHop(
    input: unknown,
    request: Request | null,
    init: RequestInit,
  ): Promise<Hop> {
    const given = request === null ? String(input) : request.url
    const wire = wireUrl(given)
    const url = request === null ? withoutCarets(new URL(given)) : new URL(given)
    const method = wireMethod(init.method ?? request?.method ?? 'GET')
    const headers = new Headers(init.headers ?? request?.headers)
    checkHeaders(headers, wire)
    const payload = await payloadOf(request, init.body ?? null, bind)
    if (payload.type !== null && !headers.has('content-type')) {
      headers.set('content-type', payload.type)
    }
    return { url, method, headers, payload, signed: true }
  }

  function signHop(hop: Hop, signer: Signer): Attempt {
    const { origin, ...url } = wireUrl(hop.url)
    const { method, headers, payload } = hop
    const ext = extFor(options.ext, { method, headers, url: hop.url.href })
    const what = { ...url, method, ext, digest: payload.digest }
    const offset = clocks.offsetOf(origin)
    const sent = now()
    return { ...sign(signer, what, sent + offset, nonce()), signer, origin, sent, offset }
  }

  /**
   * What makes it worth while to send again what was answered 401; nothing does for a 429.
   *
   * A server's time is authenticated: only who has the key can say that this request was refused. That
   * the signer is unknown is not, so over plain `http:` anybody could have a request sent twice.
   *
   * @throws {@link MacError} as {@link rejectReplay} does.
   */
  async function remedyOf(response: Response, hop: Hop, attempt: Attempt): Promise<Remedy | null> {
    const { signer, origin } = attempt
    const challenge = challengeOf(response)
    if (isLimitedReplay(response, challenge)) await rejectReplay(response, hop)
    if (response.status !== 401) return null
    const time = challenge && serverTimeOf(challenge, signer, { ...attempt, id: signer.id })
    if (time !== null) {
      return clocks.learn(origin, time, { ...attempt, answered: now() }) ? 'clock' : null
    }
    const code = await rejectionCode(response, challenge)
    if (code === 'ERR_MAC_REPLAY') await rejectReplay(response, hop)
    const another = signers.refused(signer, code)
    return another && (trustPlainHttp || isPrivate(hop.url)) ? 'signer' : null
  }

  /**
   * A nonce of the caller's own may truly have been used before: then the answer is given back.
   * @throws {@link MacError} `ERR_MAC_CLIENT_ANSWER_LOST`, since the server has had the request before.
   */
  async function rejectReplay(response: Response, hop: Hop): Promise<void> {
    if (options.nonce !== undefined) return
    await response.body?.cancel()
    throw answerLost(hop.method, isPrivate(hop.url))
  }
}

/** Why a request is sent again. */
type Remedy = 'clock' | 'signer'

/** A signature, and what it was made with: what was refused is judged by this, and not by what is true now. */
interface Attempt extends Signature {
  readonly signer: Signer
  readonly origin: string
  /** When it was sent, by our clock, and what was added to that. */
  readonly sent: number
  readonly offset: number
}

function withSignature({ headers }: Hop, { authorization }: Signature): Headers {
  const signed = new Headers(headers)
  signed.set('authorization', authorization)
  return signed
}

/**
 * Also of another realm or package, which `instanceof` would not know.
 * @throws TypeError for what has a URL, and is no Request: a request of node:http, or options of another client.
 */
function isRequest(input: unknown): input is Request {
  if (typeof input !== 'object' || input === null || !('url' in input)) return false
  if ('headers' in input && 'clone' in input) return true
  throw new TypeError(
    'withmac: a fetch that signs takes a URL or a Request, not an object with a url: call it with ' +
      '(url, { method, headers, body }).',
  )
}
