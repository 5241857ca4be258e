import { MacError } from '../errors.ts'
import { BACKSLASH, COMMA, EQUALS, isBlankCode, isTokenCode, QUOTE } from './characters.ts'
import { isTimestamp, type MacAuthorization } from './parameters.ts'
import { computeMac, type MacAlgorithm, macsAreEqual } from './signature.ts'

/** The parameters of a `WWW-Authenticate: MAC` challenge (draft §4.2). */
export interface MacChallenge {
  /** Why the credentials were rejected, for a developer to read; `null` if none were sent. */
  readonly error: string | null
  /** The server's time, in whole seconds since 1970; `null` if it is not included. */
  readonly ts: string | null
  /** The MAC over the server's time: see `serverTimeString`; `null` if it is not included. */
  readonly tsm: string | null
}

/** The maximum length of a `WWW-Authenticate` header, in characters. */
const MAX_CHALLENGE_LENGTH = 8192

/**
 * Returns a `WWW-Authenticate` value (draft §4.2): `MAC`, `MAC error="…"`, or
 * `MAC error="…", ts="…", tsm="…"`.
 *
 * Any text is safe. Quotes and backslashes are escaped (RFC 9110 §5.6.4). A header cannot contain control
 * characters, which become spaces, or characters outside ASCII, which become question marks.
 */
export function formatChallenge({ error, ts, tsm }: MacChallenge): string {
  const parameters = Object.entries({ error, ts, tsm }).flatMap(([name, value]) =>
    value === null ? [] : [`${name}="${escapeQuoted(value)}"`],
  )
  return parameters.length === 0 ? 'MAC' : `MAC ${parameters.join(', ')}`
}

function escapeQuoted(text: string): string {
  return text
    .replace(/[\p{Cc}]/gu, ' ')
    .replace(/[^\x20-\x7e]/gu, '?')
    .replace(/["\\]/g, '\\$&')
}

/**
 * Parses a `WWW-Authenticate` value, which may also contain challenges of other schemes.
 *
 * @returns The first MAC challenge, or `null` if there is none.
 * @throws {@link MacError} `ERR_MAC_CHALLENGE_SYNTAX` if the header does not follow the grammar.
 */
export function parseChallenge(header: string | null): MacChallenge | null {
  if (header === null) return null
  if (header.length > MAX_CHALLENGE_LENGTH) throw challengeError('it is too long')
  const reader = new ChallengeReader(header)
  let challenge: { -readonly [Name in keyof MacChallenge]: string | null } | null = null
  let isMac = false
  while (reader.next()) {
    if (reader.scheme !== null) {
      if (challenge !== null) return challenge
      isMac = reader.scheme.toUpperCase() === 'MAC'
      if (isMac) challenge = { error: null, ts: null, tsm: null }
    }
    const name = reader.name?.toLowerCase()
    if (isMac && challenge !== null && (name === 'error' || name === 'ts' || name === 'tsm')) {
      challenge[name] = reader.value
    }
  }
  return challenge
}

/** Reads `scheme [ token68 / name=value, … ], scheme …`, one list element with each call of `next`. */
class ChallengeReader {
  /** The scheme at the start of this element, if there is one. */
  scheme: string | null = null
  /** The parameter of this element, if it has one. */
  name: string | null = null
  value = ''
  readonly #header: string
  #at = 0

  constructor(header: string) {
    this.#header = header
  }

  next(): boolean {
    this.scheme = this.name = null
    while (isBlankCode(this.#code()) || this.#code() === COMMA) this.#at++
    if (this.#at === this.#header.length) return false
    const word = this.#readWord()
    if (this.#equalsFollows()) {
      this.#readParameter(word)
    } else {
      this.scheme = word
      this.#skipBlanks()
      this.#readAfterScheme()
    }
    this.#skipBlanks()
    if (this.#at < this.#header.length && this.#code() !== COMMA) {
      throw challengeError('a comma is missing')
    }
    return true
  }

  /** Reads what follows a scheme: nothing, a parameter, or a token68 such as `YII=` in `Negotiate YII=`. */
  #readAfterScheme(): void {
    const rest = /^[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/.exec(this.#header.slice(this.#at))
    if (rest !== null) {
      this.#at += rest[0].length
    } else if (this.#at < this.#header.length && this.#code() !== COMMA) {
      this.#readParameter(this.#readWord())
    }
  }

  /** Whether "=" follows. Skips white space before it, which a recipient must accept (RFC 9110 §11.2). */
  #equalsFollows(): boolean {
    const start = this.#at
    this.#skipBlanks()
    if (this.#code() === EQUALS) return true
    this.#at = start
    return false
  }

  #readParameter(name: string): void {
    if (!this.#equalsFollows()) throw challengeError('a parameter has no value')
    this.#at++
    this.#skipBlanks()
    this.name = name
    this.value = this.#code() === QUOTE ? this.#readQuoted() : this.#readWord()
  }

  #readWord(): string {
    const start = this.#at
    while (isTokenCode(this.#code())) this.#at++
    if (this.#at === start) throw challengeError('a name is missing')
    return this.#header.slice(start, this.#at)
  }

  #readQuoted(): string {
    let text = ''
    for (this.#at++; this.#code() !== QUOTE; this.#at++) {
      if (this.#code() === BACKSLASH) this.#at++
      if (this.#at >= this.#header.length) throw challengeError('a quote is not closed')
      text += this.#header.charAt(this.#at)
    }
    this.#at++
    return text
  }

  #skipBlanks(): void {
    while (isBlankCode(this.#code())) this.#at++
  }

  #code(): number {
    return this.#header.charCodeAt(this.#at)
  }
}

function challengeError(what: string): MacError {
  return new MacError(
    'ERR_MAC_CHALLENGE_SYNTAX',
    `The WWW-Authenticate header is malformed: ${what}.`,
  )
}

/** A server's time, in the response to one request. */
interface ServerTime {
  /** The MAC key identifier of that request. */
  readonly id: string
  /** Its nonce. */
  readonly nonce: string
  /** Its timestamp, as it was sent. */
  readonly ts: string
  /** The server's time, in whole seconds since 1970. */
  readonly serverTs: string
}

/**
 * Returns the string that the MAC over a server's time covers: the name of this use, then the identifier, the
 * nonce and the timestamp of the request, then the server's time, each followed by one line feed.
 *
 * It differs from every normalized request string, because those start with a digit. The nonce binds it
 * to one request, so an old response cannot be used for another request. The draft does not define this,
 * but its grammar of a challenge (draft §4.2) allows it.
 */
export function serverTimeString({ id, nonce, ts, serverTs }: ServerTime): string {
  return `withmac-server-time-1\n${id}\n${nonce}\n${ts}\n${serverTs}\n`
}

/** Returns the MAC over a server's time, in base64. `key` is the key that signed the request. */
export function serverTimeMac(algorithm: MacAlgorithm, key: string, time: ServerTime): string {
  return computeMac(algorithm, key, serverTimeString(time))
}

/**
 * Returns the server's time from the challenge to a request.
 *
 * It does *not* check that the time is right: the MAC only proves that a server with the same key sent it.
 *
 * @param sent The parameters of that request.
 * @returns Seconds since 1970, or `null` if the challenge has no time, or if its MAC was not computed
 *   with this key for this request. Then anyone may have sent it.
 */
export function serverTimeOf(
  { ts: serverTs, tsm }: Pick<MacChallenge, 'ts' | 'tsm'>,
  { algorithm, key }: { readonly algorithm: MacAlgorithm; readonly key: string },
  { id, nonce, ts }: Pick<MacAuthorization, 'id' | 'nonce' | 'ts'>,
): number | null {
  if (serverTs === null || tsm === null || !isTimestamp(serverTs)) return null
  const expected = serverTimeMac(algorithm, key, { id, nonce, ts, serverTs })
  return macsAreEqual(tsm, expected) ? Number(serverTs) : null
}
