import { parseChallenge } from '../protocol/challenge.ts'
import { serverTimeOf } from '../protocol/server-time.ts'
import { ServerClocks, systemClock } from './clock.ts'
import type { Signer } from './credential.ts'
import { checkHeaders, extFor } from './headers.ts'
import type { MacFetch, MacFetchOptions } from './options.ts'
import { payloadOf } from './payload.ts'
import { type Hop, locationOf, nextHop, tooManyRedirects } from './redirect.ts'
import { randomNonce, type Signature, sign } from './sign.ts'
import { wireUrl, withoutCarets } from './wire.ts'
import { wireMethod } from './wire-method.ts'

/** Who signs: one credential for ever, or one that is renewed. */
export interface Signers {
  /** What to sign with now. Rejects where there is nothing, and when the signal says so. */
  current(signal: AbortSignal | null | undefined): Signer | Promise<Signer>
  /** Is told that a server took what was signed with this. */
  accepted(signer: Signer): void
  /**
   * Is told of a 401 that answers what was signed with this, for another reason than its timestamp;
   * says whether there is now another to try with.
   */
  refused(signer: Signer, response: Response): boolean | Promise<boolean>
}

/** What `createMacFetch` and `createTokenFetch` give; the options must have been checked. */
export function signingFetch(signers: Signers, options: MacFetchOptions): MacFetch {
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

    /** Sends a request, and once more where that is to set our clock right, or by another signer. */
    async function exchange(hop: Hop, carrier: Request | null): Promise<Response> {
      if (!hop.signed) return transmit(hop, carrier, hop.headers)
      const { origin } = wireUrl(hop.url)
      const signer = await signers.current(signal)
      const sent = now()
      const signature = signHop(hop, signer, sent)
      const response = await transmit(hop, carrier, withSignature(hop, signature))
      if (response.status < 400) signers.accepted(signer)
      if (response.status !== 401) return response
      const time = authenticTime(response, signer, signature)
      const again =
        time === null
          ? await signers.refused(signer, response)
          : clocks.learn(origin, time, { sent, answered: now() })
      if (!again || !hop.payload.repeatable) return response
      await response.body?.cancel()
      const next = time === null ? await signers.current(signal) : signer
      const repeat = await transmit(hop, carrier, withSignature(hop, signHop(hop, next, now())))
      if (repeat.status < 400) signers.accepted(next)
      return repeat
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

  function signHop(hop: Hop, signer: Signer, seconds: number): Signature {
    const { origin, ...url } = wireUrl(hop.url)
    const { method, headers, payload } = hop
    const ext = extFor(options.ext, { method, headers, url: hop.url.href })
    const what = { ...url, method, ext, digest: payload.digest }
    return sign(signer, what, seconds + clocks.offsetOf(origin), nonce())
  }
}

/** The server's time, where it is told in answer to this signature and by one who has the key. */
function authenticTime(
  { headers }: Response,
  signer: Signer,
  { ts, nonce }: Signature,
): number | null {
  try {
    const challenge = parseChallenge(headers.get('www-authenticate'))
    return challenge === null ? null : serverTimeOf(challenge, signer, { id: signer.id, ts, nonce })
  } catch {
    return null
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
