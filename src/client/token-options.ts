import { given, OPTIONS } from '../option-names.ts'
import { isScopeList } from '../protocol/scopes.ts'
import { checkOptions, type MacFetchOptions, wrongOptions } from './options.ts'
import { isPrivate } from './wire.ts'

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

/** What a token request is made with. */
export interface TokenClientSettings {
  readonly endpoint: URL
  readonly clientId: string
  readonly clientSecret: string
  /** With a space between; `null` for the server's default. */
  readonly scope: string | null
  readonly authentication: 'basic' | 'body'
  readonly timeoutSeconds: number
}

/** What a timer can wait. */
const LONGEST_TIMEOUT = 2_147_483

/** @throws TypeError that names what is wrong, and never shows the secret. */
export function tokenSettings(options: TokenFetchOptions): TokenClientSettings {
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
