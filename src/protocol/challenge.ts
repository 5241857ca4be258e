import { MacError } from '../errors.ts'
import { isTimestamp, type MacAuthorization } from './parameters.ts'
import { computeMac, type MacAlgorithm, macsAreEqual } from './signature.ts'
import { isBlank, isToken } from './text.ts'

/** What a `WWW-Authenticate: MAC` challenge says (draft §4.2). */
export interface MacChallenge {
  /** Why the credentials failed, for a developer to read; `null` where none were sent. */
  readonly error: string | null
  /** The server's clock, in whole seconds since 1970; `null` where it is not told. */
  readonly ts: string | null
  /** The MAC over the server's clock: see `serverTimeString`; `null` where it is not told. */
  readonly tsm: string | null
}

/** The longest `WWW-Authenticate` header that is read, in characters. */
const MAX_CHALLENGE_LENGTH = 8192

/**
 * Writes a `WWW-Authenticate` value (draft §4.2): `MAC`, `MAC error="…"`, or
 * `MAC error="…", ts="…", tsm="…"`.
 *
 * Any text is safe: quotes and backslashes are escaped (RFC 9110 §5.6.4), a control character
 * becomes a space and a character outside ASCII a question mark, since a header can carry neither.
 */
export function formatChallenge({ error, ts, tsm }: MacChallenge): string {
  const parameters = Object.entries({ error, ts, tsm }).flatMap(([name, value]) =>
    value === null ? [] : [`${name}="${quotable(value)}"`],
  )
  return parameters.length === 0 ? 'MAC' : `MAC ${parameters.join(', ')}`
}

function quotable(text: string): string {
  return text
    .replace(/[\p{Cc}]/gu, ' ')
    .replace(/[^\x20-\x7e]/gu, '?')
    .replace(/["\\]/g, '\\$&')
}

/**
 * Reads a `WWW-Authenticate` value, in which challenges of other schemes may stand beside ours.
 *
 * @returns The first MAC challenge, or `null` where there is none.
 * @throws {@link MacError} `ERR_MAC_CHALLENGE_SYNTAX` where the header follows no grammar.
 */
export function parseChallenge(header: string | null): MacChallenge | null {
  if (header === null) return null
  if (header.length > MAX_CHALLENGE_LENGTH) throw malformed('it is too long')
  const reader = new ChallengeReader(header)
  let challenge: { -readonly [Name in keyof MacChallenge]: string | null } | null = null
  let ours = false
  while (reader.next()) {
    if (reader.scheme !== null) {
      if (challenge !== null) return challenge
      ours = reader.scheme.toUpperCase() === 'MAC'
      if (ours) challenge = { error: null, ts: null, tsm: null }
    }
    const name = reader.name?.toLowerCase()
    if (ours && challenge !== null && (name === 'error' || name === 'ts' || name === 'tsm')) {
      challenge[name] = reader.value
    }
  }
  return challenge
}

/** Walks over `scheme [ token68 / name=value, … ], scheme …`, one list element a step. */
class ChallengeReader {
  /** The scheme that this element starts, if it starts one. */
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
    while (isBlank(this.#code()) || this.#code() === 0x2c) this.#at++
    if (this.#at === this.#header.length) return false
    const word = this.#word()
    if (this.#equalsFollows()) {
      this.#parameter(word)
    } else {
      this.scheme = word
      this.#blanks()
      this.#first()
    }
    this.#blanks()
    if (this.#at < this.#header.length && this.#code() !== 0x2c)
      throw malformed('a comma is missing')
    return true
  }

  /** What may follow a scheme: nothing, a parameter, or a token68 such as `Negotiate YII=`. */
  #first(): void {
    const rest = /^[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/.exec(this.#header.slice(this.#at))
    if (rest !== null) this.#at += rest[0].length
    else if (this.#at < this.#header.length && this.#code() !== 0x2c) this.#parameter(this.#word())
  }

  /** Around "=" a recipient must bear with white space (RFC 9110 §11.2). */
  #equalsFollows(): boolean {
    const start = this.#at
    this.#blanks()
    if (this.#code() === 0x3d) return true
    this.#at = start
    return false
  }

  #parameter(name: string): void {
    if (!this.#equalsFollows()) throw malformed('a parameter has no value')
    this.#at++
    this.#blanks()
    this.name = name
    this.value = this.#code() === 0x22 ? this.#quoted() : this.#word()
  }

  #word(): string {
    const start = this.#at
    while (isToken(this.#code())) this.#at++
    if (this.#at === start) throw malformed('a name is missing')
    return this.#header.slice(start, this.#at)
  }

  #quoted(): string {
    let text = ''
    for (this.#at++; this.#code() !== 0x22; this.#at++) {
      if (this.#code() === 0x5c) this.#at++
      if (this.#at >= this.#header.length) throw malformed('a quote is not closed')
      text += this.#header.charAt(this.#at)
    }
    this.#at++
    return text
  }

  #blanks(): void {
    while (isBlank(this.#code())) this.#at++
  }

  #code(): number {
    return this.#header.charCodeAt(this.#at)
  }
}

function malformed(what: string): MacError {
  return new MacError(
    'ERR_MAC_CHALLENGE_SYNTAX',
    `The WWW-Authenticate header is malformed: ${what}.`,
  )
}

/** A server's time, told in answer to one request. */
interface ServerTime {
  /** The MAC key identifier of the request that is answered. */
  readonly id: string
  /** Its nonce. */
  readonly nonce: string
  /** Its timestamp, as it was sent. */
  readonly ts: string
  /** The server's clock, in whole seconds since 1970. */
  readonly serverTs: string
}

/**
 * What the MAC over a server's time covers: the name of this use, then the identifier, the nonce and
 * the timestamp of the request that is answered, then the server's time, each followed by one line
 * feed.
 *
 * It can never be taken for the normalized string of a request, which starts with a digit. The nonce
 * ties it to one request: an old answer says nothing about another. The draft knows of no such thing;
 * its grammar of a challenge (draft §4.2) leaves room for it.
 */
export function serverTimeString({ id, nonce, ts, serverTs }: ServerTime): string {
  return `withmac-server-time-1\n${id}\n${nonce}\n${ts}\n${serverTs}\n`
}

/** The MAC over a server's time, in base64, with the key of the credential that signed the request. */
export function serverTimeMac(algorithm: MacAlgorithm, key: string, time: ServerTime): string {
  return computeMac(algorithm, key, serverTimeString(time))
}

/**
 * The server's time in the challenge that answers a request.
 *
 * It does *not* look at how far off the time is: that a server tells it honestly is all that the MAC
 * says.
 *
 * @param sent What was sent in the request that is answered.
 * @returns Seconds since 1970, or `null` where the challenge tells no time, or where its MAC was not
 *   made with this key for this request: then it may come from anybody.
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
