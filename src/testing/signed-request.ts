import type { ClientCredential } from '../client/credential.ts'
import { wrongOptionsError } from '../client/options.ts'
import { signRequest } from '../client/sign.ts'
import { given, nameFaults, OPTIONS, type Taker } from '../option-names.ts'

/** The options of a signed request: all options of `new Request`, and how to sign it. */
export interface SignedInit extends RequestInit {
  /** Additional text that the MAC covers (draft §3.1). Default: none. */
  readonly ext?: string | null | undefined
  /** Binds the body to the MAC: its SHA-256 goes into `ext`. Default: `false`. */
  readonly bindBody?: boolean | undefined
  /** The nonce, if you want to send one twice. Default: a new one for each request. */
  readonly nonce?: string | undefined
}

/** The options of `signedRequest`. */
export interface SignedRequestInit extends SignedInit {
  /** The credential to sign with. The result of `createCredential` is one. */
  readonly credential: ClientCredential
  /** The client's clock, in seconds since 1970. Default: the system clock. */
  readonly now?: (() => number) | undefined
}

/**
 * Returns a signed `Request` (draft §3), for a call of your handler in a test. It does *not* send it.
 *
 * Use it if your application creates its own `Mac`. With `createTestMac`, use the `signedRequest` that it
 * returns: that one has credentials and a clock.
 *
 * @throws TypeError if the credential or an option is wrong. MacError `ERR_MAC_CLIENT_URL` or
 *   `ERR_MAC_CLIENT_METHOD` if the `fetch` of this runtime could not send the request.
 *
 * @example
 * process.env.MAC_DATABASE_URL = 'sqlite::memory:'
 * const credential = await createCredential('ada')
 * const answer = await handler(await signedRequest('http://localhost/orders', { credential }))
 */
export async function signedRequest(
  url: string | URL,
  options: SignedRequestInit,
): Promise<Request> {
  checkInit('signedRequest', options)
  const { credential, ext, bindBody, nonce, now, ...init } = options
  return signRequest(new Request(withoutFragment(url), init), credential, {
    ext,
    body: bindBody,
    now,
    nonce: nonce === undefined ? undefined : () => nonce,
  })
}

/** The options of `new Request`, with those of runtimes and frameworks. */
const REQUEST_INIT = [
  ...['method', 'headers', 'body', 'signal', 'duplex', 'redirect', 'keepalive', 'integrity'],
  ...['mode', 'credentials', 'cache', 'referrer', 'referrerPolicy', 'priority', 'window'],
  // First those of Node, Deno, Cloudflare and Next, then those of Bun.
  ...['dispatcher', 'client', 'cf', 'next'],
  ...['tls', 'proxy', 'unix', 'verbose', 'session', 's3', 'protocol', 'decompress', 'timeout'],
]

/**
 * Checks the options of a signed request. `new Request` would ignore a misspelled name.
 * @throws TypeError that names the wrong option.
 */
export function checkInit(
  who: Taker & `signedRequest${string}`,
  options: SignedInit & Partial<SignedRequestInit>,
): void {
  const [fault] = nameFaults(who, options, [...OPTIONS[who], ...REQUEST_INIT])
  if (fault !== undefined) throw wrongOptionsError(who, fault)
  for (const [name, kind] of [
    ['bindBody', 'boolean'],
    ['nonce', 'string'],
    ['now', 'function'],
  ] as const) {
    const value = options[name]
    if (value === undefined || typeof value === kind) continue
    throw wrongOptionsError(who, `${name} must be a ${kind}, not ${given(value)}`)
  }
  const { ext } = options
  if (ext === undefined || ext === null || ['string', 'function'].includes(typeof ext)) return
  throw wrongOptionsError(who, `ext must be a string or null, not ${given(ext)}`)
}

/** Removes the fragment, as `fetch` does. A server rejects a request with a fragment. */
function withoutFragment(url: string | URL): string {
  return String(url).replace(/#.*$/s, '')
}
