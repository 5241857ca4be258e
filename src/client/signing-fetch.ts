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
 * Returns a `fetch` that signs each request (draft §3). It takes the same arguments as `fetch`. Each call
 * has a new nonce: to try a request again, call it again.
 *
 * - The MAC covers method, target, host, port, timestamp, nonce and `ext`. It does *not* cover header
 *   fields. It covers the body only with the option `body`, which reads the body into memory; otherwise a
 *   stream stays a stream.
 * - It follows redirects. To the same origin, it signs again. To another origin, it sends the request
 *   unsigned, and also every redirect after that. A redirect from `https:` to `http:` is an error, and
 *   so is a redirect over plain `http:` that must be signed: see `trustPlainHttp`. `redirect: 'manual'`
 *   and `'error'` work as in `fetch`.
 * - If the server rejects the timestamp, it sends its time, authenticated with the key for this request.
 *   The client then corrects its clock for this origin, and sends the request once more. If the body
 *   cannot be sent again, it returns the 401, and the next request will succeed.
 * - If it returns a 401, the request was rejected. But if the server says that it got this request
 *   before, although it was sent once, then the request was probably carried out, and its answer was
 *   lost. In this case the call fails, and nothing is sent again.
 *
 * It needs `node:crypto` and a `fetch` that shows redirects. It does *not* work in browsers, where a key
 * would not stay secret.
 *
 * @throws TypeError if the credential or an option is wrong. The returned function rejects with a
 *   {@link MacError}: `ERR_MAC_CLIENT_URL`, `_METHOD` or `_HEADER` if `fetch` would send something else
 *   than what is signed, `ERR_MAC_CLIENT_REDIRECT` if a redirect is not followed,
 *   `ERR_MAC_CLIENT_ANSWER_LOST` if the request was probably carried out. It also rejects if `fetch` does.
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
  const source = { current: () => signer, accepted() {}, rejected: () => false }
  return signingFetch(source, options)
}

/** Provides the credential to sign with: always the same one, or one that is renewed. */
export interface SignerSource {
  /** Returns the credential to sign with now. Rejects if there is none, or if the signal aborts. */
  current(signal: AbortSignal | null | undefined): Signer | Promise<Signer>
  /** Called if a server accepted a request that was signed with this credential. */
  accepted(signer: Signer): void
  /**
   * Called if a 401 rejected a request that was signed with this credential, for another reason than
   * its timestamp. The 401 may be forged.
   *
   * @param code The error code of the 401, if it has one.
   * @returns Whether to try again: `current` will return another credential.
   */
  rejected(signer: Signer, code: unknown): boolean
}

/** Returns the function that `createMacFetch` and `createTokenFetch` return. It does *not* check the options. */
export function signingFetch(source: SignerSource, options: MacFetchOptions): MacFetch {
  const { now = systemClock, nonce = randomNonce, body: bind = false } = options
  const { maxRedirects = 20, trustPlainHttp = false, clockOffset = 0 } = options
  const send: MacFetch = options.fetch ?? ((input, init) => fetch(input, init))
  const clocks = new ServerClocks(clockOffset)

  return async (input, given) => {
    // fetch allows null as well.
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

    /** Sends a request. Sends it again with a corrected clock or a new credential, once for each reason. */
    async function exchange(hop: Hop, carrier: Request | null): Promise<Response> {
      if (!hop.signed) return transmit(hop, carrier, hop.headers)
      const tried = new Set<Remedy>()
      for (;;) {
        const signer = await source.current(signal)
        const attempt = signHop(hop, signer)
        const response = await transmit(hop, carrier, withSignature(hop, attempt))
        if (response.status < 400) source.accepted(signer)
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
   * Returns the reason to send a request again after a 401. `null` if there is none, as for a 429.
   *
   * A server's time is authenticated with the key. That a credential is unknown is *not* authenticated:
   * over plain `http:`, an attacker on the way could make the client send a request twice.
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
    const another = source.rejected(signer, code)
    return another && (trustPlainHttp || isPrivate(hop.url)) ? 'signer' : null
  }

  /**
   * Throws, since the server got the request before. Does nothing if the option `nonce` is set: then the
   * caller may have used a nonce twice, and gets the answer.
   * @throws {@link MacError} `ERR_MAC_CLIENT_ANSWER_LOST`.
   */
  async function rejectReplay(response: Response, hop: Hop): Promise<void> {
    if (options.nonce !== undefined) return
    await response.body?.cancel()
    throw answerLost(hop.method, isPrivate(hop.url))
  }
}

/** Why a request is sent again: the clock was corrected, or there is a new credential. */
type Remedy = 'clock' | 'signer'

/** A signature, and what it was made with. Needed for the answer: clock and credential may have changed since. */
interface Attempt extends Signature {
  readonly signer: Signer
  readonly origin: string
  /** The time at which it was sent, by our clock, and the offset that was added for the timestamp. */
  readonly sent: number
  readonly offset: number
}

function withSignature({ headers }: Hop, { authorization }: Signature): Headers {
  const signed = new Headers(headers)
  signed.set('authorization', authorization)
  return signed
}

/**
 * Whether the input is a `Request`, even of another realm or package, for which `instanceof` fails.
 * @throws TypeError for another object with a `url`: a request of node:http, or options of another client.
 */
function isRequest(input: unknown): input is Request {
  if (typeof input !== 'object' || input === null || !('url' in input)) return false
  if ('headers' in input && 'clone' in input) return true
  throw new TypeError(
    'withmac: a fetch that signs takes a URL or a Request, not an object with a url. Call it with ' +
      '(url, { method, headers, body }).',
  )
}
