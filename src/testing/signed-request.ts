import type { ClientCredential } from '../client/credential.ts'
import { wrongOptions } from '../client/options.ts'
import { signRequest } from '../client/sign.ts'
import { given, nameFaults, OPTIONS, type Taker } from '../option-names.ts'

/** What a signed request is made of: all that `new Request` takes, and how to sign it. */
export interface SignedInit extends RequestInit {
  /** What the MAC covers besides the request (draft §3.1). Default: none. */
  readonly ext?: string | null | undefined
  /** Binds the body to the MAC, by its digest in `ext`. Default: `false`. */
  readonly bindBody?: boolean | undefined
  /** The nonce, to have one come twice. Default: a new one with each request. */
  readonly nonce?: string | undefined
}

/** How a request is signed that no `TestMac` makes. */
export interface SignedRequestInit extends SignedInit {
  /** What to sign with: what `createCredential` gave will do. */
  readonly credential: ClientCredential
  /** The client's clock, in seconds since 1970. Default: the system's. */
  readonly now?: (() => number) | undefined
}

/**
 * Makes a signed `Request` (draft §3), to be handed to a handler: nothing is sent.
 *
 * It is for tests of an application that makes its own `Mac`, or uses the bare functions; one of
 * `createTestMac` has a function of this name that knows credentials and clock.
 *
 * @throws TypeError where there is no credential, or it is none; {@link MacError}
 *   `ERR_MAC_CLIENT_URL` or `ERR_MAC_CLIENT_METHOD` for what this runtime's `fetch` could not send.
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

/** What `new Request` takes, also what runtimes and frameworks have added. */
const REQUEST_INIT = [
  ...['method', 'headers', 'body', 'signal', 'duplex', 'redirect', 'keepalive', 'integrity'],
  ...['mode', 'credentials', 'cache', 'referrer', 'referrerPolicy', 'priority', 'window'],
  // Node, Deno, Cloudflare and Next; the others are Bun's.
  ...['dispatcher', 'client', 'cf', 'next'],
  ...['tls', 'proxy', 'unix', 'verbose', 'session', 's3', 'protocol', 'decompress', 'timeout'],
]

/**
 * Checks how a request is made and signed: `new Request` would take a misspelled name without a word.
 * @throws TypeError that names the option at fault.
 */
export function checkInit(
  who: Taker & `signedRequest${string}`,
  options: SignedInit & Partial<SignedRequestInit>,
): void {
  const [fault] = nameFaults(who, options, [...OPTIONS[who], ...REQUEST_INIT])
  if (fault !== undefined) throw wrongOptions(who, fault)
  for (const [name, kind] of [
    ['bindBody', 'boolean'],
    ['nonce', 'string'],
    ['now', 'function'],
  ] as const) {
    const value = options[name]
    if (value === undefined || typeof value === kind) continue
    throw wrongOptions(who, `${name} must be a ${kind}, not ${given(value)}`)
  }
  const { ext } = options
  if (ext === undefined || ext === null || ['string', 'function'].includes(typeof ext)) return
  throw wrongOptions(who, `ext must be a string or null, not ${given(ext)}`)
}

/** As `fetch` sends it: a server rejects a request that holds a fragment. */
function withoutFragment(url: string | URL): string {
  return String(url).replace(/#.*$/s, '')
}
