import { given, OPTIONS } from '../option-names.ts'
import { isScopeList } from '../protocol/text.ts'
import { startStopwatch, systemClock } from './clock.ts'
import { checkOptions, type MacFetch, type MacFetchOptions, wrongOptions } from './options.ts'
import { signingFetch } from './signing-fetch.ts'
import { TokenKeeper, TokenPause } from './token-keeper.ts'
import { requestToken, type TokenClientSettings } from './token-request.ts'
import { isPrivate } from './wire.ts'

/**
 * Makes a `fetch` that signs each request, as `createMacFetch` does, with a credential that it gets
 * from a token endpoint (RFC 6749 §4.4, draft §5) when it is first needed, keeps in memory and renews:
 *
 * - Before it expires, while requests go on with it; shortly before its end they wait. However many
 *   need a new one, it is asked for once. Where that fails, the old one is used to its end, and renewal
 *   is tried again after a while; without one, all who wait are told.
 * - After such a failure it is not asked again for as long as the endpoint says by `Retry-After`, five
 *   minutes at the most, or else for a second, then two, four and up to 30; meanwhile requests reject at
 *   once, with that error.
 * - When a server that took it before answers 401 and no longer knows it, as after a revocation. That
 *   request is then sent once more, where its body can be, and unless anybody could have written the
 *   401: over plain `http:` from another machine, see `trustPlainHttp`.
 * - A `signal` ends the wait of its own request alone.
 *
 * The secret goes to the token endpoint, by TLS or within this machine, and nowhere else: redirects of
 * that endpoint are *not* followed. The key comes from there and never travels again. The lifetime is
 * counted from when the credential was asked for, whatever the clocks of servers say.
 *
 * @throws TypeError where an option is wrong: now. The function that it gives rejects with
 *   {@link MacError} `ERR_MAC_CLIENT_TOKEN` if there is no credential to be had, with the error code of the
 *   endpoint if it is one of RFC 6749, and as that of `createMacFetch`.
 *
 * @example
 * const tokenFetch = createTokenFetch({
 *   tokenEndpoint: 'https://api.example.com/token',
 *   clientId: 'shop',
 *   clientSecret: process.env.SHOP_SECRET ?? '',
 * })
 * const answer = await tokenFetch('https://api.example.com/orders')
 */
export function createTokenFetch(options: TokenFetchOptions): MacFetch {
  const settings = tokenSettings(options)
  const { now, renewBeforeSeconds } = options
  const send: MacFetch = options.fetch ?? ((input, init) => fetch(input, init))
  const keeper = new TokenKeeper(
    async () => {
      const age = startStopwatch(now)
      return { ...(await requestToken(settings, send, now ?? systemClock)), age }
    },
    new TokenPause(now),
    renewBeforeSeconds,
  )
  return signingFetch(keeper, options)
}

/** The options of `createTokenFetch`: what follows, and those of `createMacFetch`. */
export interface TokenFetchOptions extends MacFetchOptions {
  /** Where credentials come from: an `https:` URL; `http:` for `localhost`, 127.0.0.1 and `[::1]` alone. */
  readonly tokenEndpoint: string | URL
  readonly clientId: string
  readonly clientSecret: string
  /**
   * What to ask for (RFC 6749 §3.3): one scope, several with a space between, or a list. What is
   * granted is *not* compared with it. Default: the server's default.
   */
  readonly scope?: string | readonly string[] | undefined
  /** How the secret is sent: by HTTP Basic, or in the body (RFC 6749 §2.3.1). Default: `basic`. */
  readonly authentication?: 'basic' | 'body' | undefined
  /**
   * How long before its end a credential is renewed, while requests go on with it. From half of that
   * time on they wait for the new one, and use the old one where there is none. At the most half of a
   * credential's life. Default: a tenth of its life, and 30 at the most.
   */
  readonly renewBeforeSeconds?: number | undefined
  /** How long the token endpoint may take to answer, at a precision of milliseconds. Default: 30. */
  readonly timeoutSeconds?: number | undefined
}

/** What a timer can wait. */
const LONGEST_TIMEOUT = 2_147_483

/** @throws TypeError that names what is wrong, and never shows the secret. */
function tokenSettings(options: TokenFetchOptions): TokenClientSettings {
  checkOptions('createTokenFetch', options, OPTIONS.createTokenFetch)
  const { tokenEndpoint, clientId, clientSecret, authentication = 'basic' } = options
  const { renewBeforeSeconds = 0, timeoutSeconds = 30 } = options
  checkText('clientId', clientId)
  checkText('clientSecret', clientSecret)
  if (authentication !== 'basic' && authentication !== 'body') {
    throw wrong('authentication', `must be "basic" or "body", not ${given(authentication)}`)
  }
  if (!(isNumber(renewBeforeSeconds) && renewBeforeSeconds >= 0)) {
    throw wrong(
      'renewBeforeSeconds',
      `must be a number of seconds, 0 or more, not ${given(renewBeforeSeconds)}`,
    )
  }
  if (!(isNumber(timeoutSeconds) && timeoutSeconds > 0 && timeoutSeconds <= LONGEST_TIMEOUT)) {
    throw wrong(
      'timeoutSeconds',
      `must be a number of seconds above 0, up to ${LONGEST_TIMEOUT}, not ${given(timeoutSeconds)}`,
    )
  }
  const scope = readScope(options.scope)
  const endpoint = readEndpoint(tokenEndpoint)
  return { endpoint, clientId, clientSecret, scope, authentication, timeoutSeconds }
}

/** Nobody on the way may read the secret, nor the key in the answer. */
function readEndpoint(text: string | URL): URL {
  // It may hold a password, which is refused, and is not shown.
  const url = absoluteUrl(text)
  if (url === null) {
    throw wrong(
      'tokenEndpoint',
      `must be an absolute URL, such as "https://api.example.com/token", not ${given(text, true)}`,
    )
  }
  if (!/^https?:$/.test(url.protocol) || !isPrivate(url)) {
    throw wrong(
      'tokenEndpoint',
      'must be an https: URL; http: is for localhost, 127.0.0.1 and [::1] alone',
    )
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    throw wrong('tokenEndpoint', 'must be a URL without user name, password and fragment')
  }
  return url
}

function absoluteUrl(text: unknown): URL | null {
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
  throw wrong(
    'scope',
    `must be scopes of printable ASCII without " and \\, a space between, not ${given(value)}`,
  )
}

/** No text that JavaScript would take for one either. */
function isNumber(value: unknown): boolean {
  return Number.isFinite(value)
}

function checkText(name: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') {
    throw wrong(name, `must be a string that is not empty, not ${given(value, true)}`)
  }
  if (/[\p{Cc}\p{Surrogate}]/u.test(value)) {
    throw wrong(name, 'holds a control character, such as a line end, or half of a character')
  }
}

function wrong(name: string, rule: string): TypeError {
  return wrongOptions('createTokenFetch', `${name} ${rule}`)
}
