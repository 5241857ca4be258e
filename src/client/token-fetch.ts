import { given, OPTIONS } from '../option-names.ts'
import { isScopeList } from '../protocol/characters.ts'
import { startStopwatch, systemClock } from './clock.ts'
import { CredentialKeeper, EndpointPause } from './credential-keeper.ts'
import { checkOptions, type MacFetch, type MacFetchOptions, wrongOptionsError } from './options.ts'
import { signingFetch } from './signing-fetch.ts'
import { requestCredential, type TokenClientSettings } from './token-request.ts'
import { isPrivate } from './wire.ts'

/**
 * Returns a `fetch` that signs each request, as `createMacFetch` does. It gets its credential from a
 * token endpoint (RFC 6749 §4.4, draft §5) with the first request, keeps it in memory, and renews it.
 *
 * - It renews the credential before it expires. Until shortly before its end, requests go on with the old
 *   one; then they wait. All requests share one renewal. If it fails, the old credential is used to its
 *   end, and the renewal is tried again later. If there is no valid credential, the waiting requests fail.
 * - After a failure it does not ask the endpoint again for the time of `Retry-After`, at most five
 *   minutes. Without `Retry-After` it waits 1 second, then 2, 4 and so on, at most 30. Until then,
 *   requests without a valid credential fail at once, with the error of that failure.
 * - It also renews the credential if a server that accepted it before answers 401 and no longer knows it,
 *   for example after a revocation. It then sends that request once more, if the body can be sent again.
 *   It does *not* if the 401 came over plain `http:` from another machine: see `trustPlainHttp`.
 * - A `signal` ends only the waiting of its own request.
 *
 * The secret is sent only to the token endpoint, over TLS or within this machine. Redirects of the token
 * endpoint are *not* followed. The key is never sent. The lifetime is counted from the request for the
 * credential, and does not depend on the clocks of servers.
 *
 * @throws TypeError if an option is wrong. The returned function rejects with a {@link MacError}
 *   `ERR_MAC_CLIENT_TOKEN` if it gets no credential. The message has the error code of the endpoint, if
 *   it is one of RFC 6749. It also rejects as the function of `createMacFetch` does.
 *
 * @example
 * const tokenFetch = createTokenFetch({
 *   tokenEndpoint: 'https://api.example.com/token',
 *   clientId: 'shop',
 *   clientSecret: process.env.SHOP_SECRET ?? '',
 * })
 * const response = await tokenFetch('https://api.example.com/orders')
 */
export function createTokenFetch(options: TokenFetchOptions): MacFetch {
  const settings = readSettings(options)
  const { now, renewBeforeSeconds } = options
  const send: MacFetch = options.fetch ?? ((input, init) => fetch(input, init))
  const keeper = new CredentialKeeper(
    async () => {
      const age = startStopwatch(now)
      return { ...(await requestCredential(settings, send, now ?? systemClock)), age }
    },
    new EndpointPause(now),
    renewBeforeSeconds,
  )
  return signingFetch(keeper, options)
}

/** The options of `createTokenFetch`: these, and those of `createMacFetch`. */
export interface TokenFetchOptions extends MacFetchOptions {
  /** The URL of the token endpoint. It must use `https:`; `http:` only for `localhost`, 127.0.0.1 and `[::1]`. */
  readonly tokenEndpoint: string | URL
  readonly clientId: string
  readonly clientSecret: string
  /**
   * The scopes to ask for (RFC 6749 §3.3): a string with a space between two scopes, or a list. The
   * granted scopes are *not* compared with it. Default: the server's default.
   */
  readonly scope?: string | readonly string[] | undefined
  /** How the secret is sent: with HTTP Basic, or in the body (RFC 6749 §2.3.1). Default: `basic`. */
  readonly authentication?: 'basic' | 'body' | undefined
  /**
   * How many seconds before its end a credential is renewed, at most half of its lifetime. In the first
   * half of this time, requests go on with the old credential. In the second half they wait for the new
   * one, and use the old one if the renewal fails. Default: a tenth of the lifetime, at most 30.
   */
  readonly renewBeforeSeconds?: number | undefined
  /** How many seconds the token endpoint may take to answer. May have a fraction. Default: 30. */
  readonly timeoutSeconds?: number | undefined
}

/** The maximum time of a timer, in seconds. */
const MAX_TIMEOUT_SECONDS = 2_147_483

/** @throws TypeError that names the wrong option. It never contains the secret. */
function readSettings(options: TokenFetchOptions): TokenClientSettings {
  checkOptions('createTokenFetch', options, OPTIONS.createTokenFetch)
  const { tokenEndpoint, clientId, clientSecret, authentication = 'basic' } = options
  const { renewBeforeSeconds = 0, timeoutSeconds = 30 } = options
  checkClientText('clientId', clientId)
  checkClientText('clientSecret', clientSecret)
  if (authentication !== 'basic' && authentication !== 'body') {
    throw optionError('authentication', `must be "basic" or "body", not ${given(authentication)}`)
  }
  if (!(isFiniteNumber(renewBeforeSeconds) && renewBeforeSeconds >= 0)) {
    throw optionError(
      'renewBeforeSeconds',
      `must be a number of seconds, 0 or more, not ${given(renewBeforeSeconds)}`,
    )
  }
  if (
    !(isFiniteNumber(timeoutSeconds) && timeoutSeconds > 0 && timeoutSeconds <= MAX_TIMEOUT_SECONDS)
  ) {
    throw optionError(
      'timeoutSeconds',
      `must be a number of seconds above 0, up to ${MAX_TIMEOUT_SECONDS}, not ${given(timeoutSeconds)}`,
    )
  }
  const scope = readScope(options.scope)
  const endpoint = readEndpoint(tokenEndpoint)
  return { endpoint, clientId, clientSecret, scope, authentication, timeoutSeconds }
}

/** Checks the URL, so that no attacker on the way can read the secret, or the key in the response. */
function readEndpoint(text: string | URL): URL {
  // The URL may hold a password. It is not accepted, and not shown.
  const url = parseAbsoluteUrl(text)
  if (url === null) {
    throw optionError(
      'tokenEndpoint',
      `must be an absolute URL, such as "https://api.example.com/token", not ${given(text, true)}`,
    )
  }
  if (!/^https?:$/.test(url.protocol) || !isPrivate(url)) {
    throw optionError(
      'tokenEndpoint',
      'must be an https: URL; http: is only allowed for localhost, 127.0.0.1 and [::1]',
    )
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    throw optionError('tokenEndpoint', 'must be a URL without user name, password and fragment')
  }
  return url
}

function parseAbsoluteUrl(text: unknown): URL | null {
  try {
    return new URL(text as string | URL)
  } catch {
    return null
  }
}

function readScope(value: string | readonly string[] | undefined): string | null {
  if (value === undefined) return null
  const scope = Array.isArray(value) ? value.join(' ') : value
  if (typeof scope === 'string' && isScopeList(scope)) return scope
  throw optionError(
    'scope',
    `must be scopes of printable ASCII without " and \\, a space between, not ${given(value)}`,
  )
}

function isFiniteNumber(value: unknown): boolean {
  return Number.isFinite(value)
}

function checkClientText(name: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') {
    throw optionError(name, `must be a string that is not empty, not ${given(value, true)}`)
  }
  if (/[\p{Cc}\p{Surrogate}]/u.test(value)) {
    throw optionError(
      name,
      'holds a control character, such as a line end, or half of a surrogate pair',
    )
  }
}

function optionError(name: string, rule: string): TypeError {
  return wrongOptionsError('createTokenFetch', `${name} ${rule}`)
}
