import type { ClientCredential } from '../client/credential.ts'
import { signRequest } from '../client/sign-request.ts'

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
  { credential, ext, bindBody, nonce, now, ...init }: SignedRequestInit,
): Promise<Request> {
  return signRequest(new Request(url, init), credential, {
    ext,
    body: bindBody,
    now,
    nonce: nonce === undefined ? undefined : () => nonce,
  })
}
