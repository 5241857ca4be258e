import { parseChallenge } from '../protocol/challenge.ts'
import { serverTimeOf } from '../protocol/server-time.ts'
import { ServerClocks, systemClock } from './clock.ts'
import { type ClientCredential, readCredential } from './credential.ts'
import { checkHeaders, extFor } from './headers.ts'
import { checkFetchOptions, type MacFetch, type MacFetchOptions } from './options.ts'
import { payloadOf } from './payload.ts'
import { type Hop, locationOf, nextHop, tooManyRedirects } from './redirect.ts'
import { randomNonce, type Signature, sign } from './sign.ts'
import { wireUrl, withoutCarets } from './wire.ts'
import { wireMethod } from './wire-method.ts'

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
 *
 * It needs node:crypto, as servers' runtimes have it, and a `fetch` that shows redirects: it is *not*
 * for browsers, where a key would not stay secret either.
 *
 * @throws TypeError where the credential or an option is wrong: now. The function that it gives rejects
 *   with {@link MacError} `ERR_MAC_CLIENT_URL`, `_METHOD` or `_HEADER` where something else would be
 *   sent than what is signed, `ERR_MAC_CLIENT_REDIRECT` where a redirect is not followed, and as
 *   `fetch` does.
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
  checkFetchOptions(options)
  const { now = systemClock, nonce = randomNonce, body: bind = false } = options
  const { maxRedirects = 20, trustPlainHttp = false, clockOffset = 0 } = options
  const send: MacFetch = options.fetch ?? ((input, init) => fetch(input, init))
  const clocks = new ServerClocks(clockOffset)

  return async (input, init = {}) => {
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

    /** Sends a request, and once more where that is to set our clock right. */
    async function exchange(hop: Hop, carrier: Request | null): Promise<Response> {
      if (!hop.signed) return transmit(hop, carrier, hop.headers)
      const { origin } = wireUrl(hop.url)
      const sent = now()
      const signature = signHop(hop, sent)
      const response = await transmit(hop, carrier, withSignature(hop, signature))
      const time = response.status === 401 ? authenticTime(response, signature) : null
      if (time === null) return response
      const learned = clocks.learn(origin, time, { sent, answered: now() })
      if (!learned || !hop.payload.repeatable) return response
      await response.body?.cancel()
      return transmit(hop, carrier, withSignature(hop, signHop(hop, now())))
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

  function signHop(hop: Hop, seconds: number): Signature {
    const { origin, ...url } = wireUrl(hop.url)
    const { method, headers, payload } = hop
    const ext = extFor(options.ext, { method, headers, url: hop.url.href })
    const what = { ...url, method, ext, digest: payload.digest }
    return sign(signer, what, seconds + clocks.offsetOf(origin), nonce())
  }

  /** The server's time, where it is told in answer to this signature and by one who has the key. */
  function authenticTime({ headers }: Response, { ts, nonce }: Signature): number | null {
    try {
      const challenge = parseChallenge(headers.get('www-authenticate'))
      return challenge === null
        ? null
        : serverTimeOf(challenge, signer, { id: signer.id, ts, nonce })
    } catch {
      return null
    }
  }
}

function withSignature({ headers }: Hop, { authorization }: Signature): Headers {
  const signed = new Headers(headers)
  signed.set('authorization', authorization)
  return signed
}

/** Also of another realm or package, which `instanceof` would not know. */
function isRequest(input: unknown): input is Request {
  return typeof input === 'object' && input !== null && 'url' in input && 'headers' in input
}
