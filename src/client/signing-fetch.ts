import type { MacError } from '../errors.ts'
import { serverTimeOf } from '../protocol/challenge.ts'
import { ServerClocks, systemClock } from './clock.ts'
import {
  type ClientCredential,
  type CryptoKeyCredential,
  type SigningCredential,
  signingCredential,
} from './credential.ts'
import { randomNonce } from './crypto.ts'
import { checkInit, checkOptions, type MacFetch, type MacFetchOptions } from './options.ts'
import { createPayload } from './payload.ts'
import { type Hop, locationOf, nextHop, tooManyRedirectsError } from './redirect.ts'
import {
  answerLostError,
  challengeOf,
  isLimitedReplay,
  REPLAY_CODE,
  readRejectionCode,
} from './rejection.ts'
import { beginSignature, type Signature } from './sign.ts'
import { withoutCarets } from './url-parts.ts'
import { checkHeaders, extFor, isPrivate, parseUrl, wireMethod, wireUrl } from './wire.ts'

/**
 * Returns a `fetch` that signs each request (draft §3). It takes the arguments of `fetch`. Each call
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
 *   before, although it was sent once, then the request was probably carried out, and its response was
 *   lost. In this case the call fails, and nothing is sent again.
 *
 * A browser does not show where a redirect leads, so there each redirect that would be followed is an error. And
 * whoever can run a script in a page can use its key: see `docs/browsers.md`.
 *
 * @throws TypeError if the credential or an option is wrong. The returned function rejects with a
 *   {@link MacError}: `ERR_MAC_CLIENT_URL`, `_METHOD` or `_HEADER` if `fetch` would send something else
 *   than what is signed, `ERR_MAC_CLIENT_REDIRECT` if a redirect is not followed,
 *   `ERR_MAC_CLIENT_ANSWER_LOST` if the request was probably carried out. It also rejects if `fetch` does.
 *
 * @example
 * const macFetch = createMacFetch({ id: process.env.MAC_ID, key: process.env.MAC_KEY })
 * const response = await macFetch('https://api.example.com/orders', { method: 'POST', body: 'one' })
 */
export function createMacFetch(
  credential: ClientCredential | CryptoKeyCredential,
  options: MacFetchOptions = {},
): MacFetch {
  const checked = signingCredential(credential)
  checkOptions('createMacFetch', options)
  const source = { current: () => checked, accepted() {}, rejected: () => false }
  return signingFetch(source, options)
}

/** Provides the credential to sign with: one that stays, or one that is renewed. */
export interface CredentialSource {
  /** Returns the credential to sign with now. Rejects if there is none, or if the signal aborts. */
  current(signal: AbortSignal | null | undefined): SigningCredential | Promise<SigningCredential>
  /** Called if a server accepted a request that was signed with this credential. */
  accepted(credential: SigningCredential): void
  /**
   * Called if a 401 rejected a request that was signed with this credential, for another reason than
   * its timestamp. The 401 may be forged.
   *
   * @param code The error code of the 401, if it has one.
   * @returns Whether to try again: `current` will return another credential.
   */
  rejected(credential: SigningCredential, code: unknown): boolean
}

/** Returns the function that `createMacFetch` and `createTokenFetch` return. It does *not* check the options. */
export function signingFetch(source: CredentialSource, options: MacFetchOptions): MacFetch {
  const sender = new SignedSender(source, options)
  const settings: FetchSettings = {
    send: options.fetch ?? ((input, init) => fetch(input, init)),
    bindBody: options.body ?? false,
    maxRedirects: options.maxRedirects ?? 20,
    trustPlainHttp: options.trustPlainHttp ?? false,
  }
  // fetch allows null instead of the options as well.
  return async (input, init) => new FetchCall(sender, settings, input, init ?? {}).run()
}

/** The options that do not concern signatures. */
interface FetchSettings {
  readonly send: MacFetch
  readonly bindBody: boolean
  readonly maxRedirects: number
  readonly trustPlainHttp: boolean
}

/** One call of a `MacFetch`: sends a request, and follows its redirects. */
class FetchCall {
  readonly #sender: SignedSender
  readonly #settings: FetchSettings
  readonly #input: string | URL | Request
  /** The `Request` of the caller, if there is one. Only the first hop sends it. */
  readonly #request: Request | null
  readonly #init: RequestInit
  /** A copy of the options that all hops get. Without the body, which the payload has. */
  readonly #common: RequestInit
  readonly #redirect: RequestRedirect
  readonly #signal: AbortSignal | null | undefined

  /** @throws TypeError if the input or an option is wrong. */
  constructor(
    sender: SignedSender,
    settings: FetchSettings,
    input: string | URL | Request,
    init: RequestInit,
  ) {
    checkInit(init)
    this.#sender = sender
    this.#settings = settings
    this.#input = input
    this.#request = isRequest(input) ? input : null
    this.#init = init
    this.#redirect = init.redirect ?? this.#request?.redirect ?? 'follow'
    this.#signal = init.signal ?? this.#request?.signal
    const { body: _, ...common } = init
    this.#common = this.#signal === undefined ? common : { ...common, signal: this.#signal }
  }

  async run(): Promise<Response> {
    const { maxRedirects, trustPlainHttp } = this.#settings
    let hop = await this.#firstHop()
    try {
      for (let redirects = 0; ; redirects++) {
        const response = await this.#sendHop(hop, redirects === 0 ? this.#request : null)
        const location = this.#redirect === 'follow' ? locationOf(response) : null
        if (location === null) return redirects === 0 ? response : markRedirected(response)
        await response.body?.cancel()
        if (redirects === maxRedirects) throw tooManyRedirectsError(maxRedirects)
        const next = nextHop(hop, response.status, location, trustPlainHttp)
        if (next.payload !== hop.payload) hop.payload.drop()
        hop = next
      }
    } finally {
      hop.payload.drop()
    }
  }

  async #firstHop(): Promise<Hop> {
    const request = this.#request
    const init = this.#init
    const address = parseUrl(request === null ? String(this.#input) : request.url)
    const wire = wireUrl(address)
    // A Request is sent as it is, with its own URL.
    const url = request === null ? withoutCarets(address) : address
    const method = wireMethod(init.method ?? request?.method ?? 'GET')
    const headers = new Headers(init.headers ?? request?.headers)
    checkHeaders(headers, wire)
    const payload = await createPayload(request, init.body ?? null, this.#settings.bindBody)
    if (payload.type !== null && !headers.has('content-type')) {
      headers.set('content-type', payload.type)
    }
    return { url, method, headers, payload, signed: true }
  }

  /** @param carrier The `Request` to pass to `fetch`. `null` to pass the URL of the hop. */
  async #sendHop(hop: Hop, carrier: Request | null): Promise<Response> {
    const transmit = (headers: Headers) => this.#transmit(hop, carrier, headers)
    return hop.signed ? this.#sender.send(hop, this.#signal, transmit) : transmit(hop.headers)
  }

  #transmit(hop: Hop, carrier: Request | null, headers: Headers): Promise<Response> {
    const init: RequestInit = {
      ...this.#common,
      method: hop.method,
      headers,
      redirect: this.#redirect === 'follow' ? 'manual' : this.#redirect,
    }
    const body = hop.payload.take()
    // Even null would remove the body of a Request.
    if (body !== undefined) init.body = body
    // Called without an object: some runtimes reject a fetch that gets another `this`.
    const { send } = this.#settings
    return send(carrier ?? hop.url.href, init)
  }
}

/** Why a request is sent again: the clock was corrected, or there is a new credential. */
type Remedy = 'clock' | 'credential'

/** A signature, and what it was made with. Needed for the response: clock and credential may have changed since. */
interface Attempt extends Signature {
  readonly credential: SigningCredential
  readonly origin: string
  /** The time at which it was sent, by our clock, and the offset that was added for the timestamp. */
  readonly sent: number
  readonly offset: number
}

/** Signs requests and sends them. All calls of one `MacFetch` share it, and what it learns about clocks. */
class SignedSender {
  readonly #source: CredentialSource
  readonly #ext: MacFetchOptions['ext']
  readonly #now: () => number
  readonly #createNonce: () => string
  /** Whether no two requests have the same nonce. With the option `nonce`, they may. */
  readonly #noncesAreUnique: boolean
  readonly #trustPlainHttp: boolean
  readonly #clocks: ServerClocks

  constructor(source: CredentialSource, options: MacFetchOptions) {
    this.#source = source
    const { now = systemClock, nonce = randomNonce } = options
    this.#ext = options.ext
    // Called without an object: the caller's functions do not get this one as `this`.
    this.#now = () => now()
    this.#createNonce = () => nonce()
    this.#noncesAreUnique = options.nonce === undefined
    this.#trustPlainHttp = options.trustPlainHttp ?? false
    this.#clocks = new ServerClocks(options.clockOffset ?? 0)
  }

  /**
   * Signs a request and sends it. Sends it again with a corrected clock or a new credential, once for each
   * reason.
   *
   * @param transmit Sends the request once, with these header fields.
   * @throws {@link MacError} `ERR_MAC_CLIENT_ANSWER_LOST`
   */
  async send(
    hop: Hop,
    signal: AbortSignal | null | undefined,
    transmit: (headers: Headers) => Promise<Response>,
  ): Promise<Response> {
    const tried = new Set<Remedy>()
    for (;;) {
      const credential = await this.#source.current(signal)
      const attempt = await this.#signHop(hop, credential)
      const response = await transmit(addSignature(hop.headers, attempt))
      if (response.status < 400) this.#source.accepted(credential)
      if (response.status !== 401 && response.status !== 429) return response
      const remedy = await this.#findRemedy(response, hop, attempt)
      if (remedy === null || tried.has(remedy) || !hop.payload.repeatable) return response
      tried.add(remedy)
      await response.body?.cancel()
    }
  }

  async #signHop(hop: Hop, credential: SigningCredential): Promise<Attempt> {
    const { method, headers, payload } = hop
    const url = wireUrl(hop.url)
    const ext = extFor(this.#ext, { method, headers, url: hop.url.href })
    const parts = { ...url, method, ext, digest: payload.digest }
    const { origin } = url
    const offset = this.#clocks.offsetOf(origin)
    const sent = this.#now()
    const signature = beginSignature(credential.id, parts, sent + offset, this.#createNonce())
    const mac = await credential.computeMac(signature.text)
    return { ...signature.finish(mac), credential, origin, sent, offset }
  }

  /**
   * Returns the reason to send a request again after a 401. `null` if there is none, as for a 429.
   *
   * A server's time is authenticated with the key. That a credential is unknown is *not* authenticated:
   * over plain `http:`, an attacker on the way could make the client send a request twice.
   *
   * @throws {@link MacError} `ERR_MAC_CLIENT_ANSWER_LOST` if the server got the request before. Not if the option
   *   `nonce` is set: then the caller may have used a nonce twice, and gets the response.
   */
  async #findRemedy(response: Response, hop: Hop, attempt: Attempt): Promise<Remedy | null> {
    const { credential, origin } = attempt
    const challenge = challengeOf(response)
    if (this.#noncesAreUnique && isLimitedReplay(response, challenge)) {
      throw await replayError(response, hop)
    }
    if (response.status !== 401) return null
    const { id, computeMac } = credential
    const time = challenge && (await serverTimeOf(challenge, computeMac, { ...attempt, id }))
    if (time !== null) {
      const timing = { ...attempt, received: this.#now() }
      return this.#clocks.learnOffset(origin, time, timing) ? 'clock' : null
    }
    const code = await readRejectionCode(response, challenge)
    if (this.#noncesAreUnique && code === REPLAY_CODE) throw await replayError(response, hop)
    const another = this.#source.rejected(credential, code)
    return another && (this.#trustPlainHttp || isPrivate(hop.url)) ? 'credential' : null
  }
}

/** Returns the error for a request that the server got before. Discards the response. */
async function replayError(response: Response, { method, url }: Hop): Promise<MacError> {
  await response.body?.cancel()
  return answerLostError(method, isPrivate(url))
}

function addSignature(headers: Headers, { authorization }: Signature): Headers {
  const signed = new Headers(headers)
  signed.set('authorization', authorization)
  return signed
}

/**
 * Sets `redirected`, which is `false` because each hop was a request of its own to `fetch`. An own property
 * hides the getter of `Response.prototype`, which cannot be set. A new `Response` would lose its `url`.
 */
function markRedirected(response: Response): Response {
  return Object.defineProperty(response, 'redirected', { value: true })
}

/**
 * Whether the input is a `Request`, even of another realm or package, for which `instanceof` fails.
 * @throws TypeError for another object with a `url`: a request of node:http, or options of another client.
 */
function isRequest(input: unknown): input is Request {
  if (typeof input !== 'object' || input === null || !('url' in input)) return false
  if ('headers' in input && 'clone' in input) return true
  throw new TypeError(
    'withmac: a fetch that signs takes a URL or a Request. Call it with (url, { method, headers, body }).',
  )
}
