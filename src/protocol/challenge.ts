import { MacError } from '../errors.ts'
import { TOKEN } from './characters.ts'
import { isTimestamp, type MacAuthorization } from './parameters.ts'
import { macsAreEqual } from './signature.ts'

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

// Outside of the function: a literal inside would be created again with each call.
const BLANKS = /[ \t]*/y
const BLANKS_AND_COMMAS = /[ \t,]*/y
const WORD = new RegExp(`[${TOKEN}]+`, 'y')
/** A recipient must accept white space around it (RFC 9110 §11.2). */
const EQUALS_SIGN = /[ \t]*=[ \t]*/y
const QUOTED = /"(?:[^"\\]|\\.)*"/sy
/** What may follow a scheme instead of parameters, such as `YII=` in `Negotiate YII=`. */
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y

/**
 * Parses a `WWW-Authenticate` value, which may also contain challenges of other schemes:
 * `scheme [ token68 / name=value, … ], scheme …`.
 *
 * @returns The first MAC challenge, or `null` if there is none.
 * @throws {@link MacError} `ERR_MAC_CHALLENGE_SYNTAX` if the header does not follow the grammar.
 */
export function parseChallenge(header: string | null): MacChallenge | null {
  if (header === null) return null
  if (header.length > MAX_CHALLENGE_LENGTH) throw challengeError('it is too long')
  let at = 0
  /** Skips what matches here, and returns it. If the pattern does not match, skips nothing. */
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(header)?.[0]
    at += found?.length ?? 0
    return found
  }
  const take1 = (pattern: RegExp, fault: string): string => {
    const found = take(pattern)
    if (found === undefined) throw challengeError(fault)
    return found
  }
  const takeWord = () => take1(WORD, 'a name is missing')
  const isAtEnd = () => at === header.length || header[at] === ','

  let challenge: { -readonly [Name in keyof MacChallenge]: string | null } | null = null
  let isMac = false
  for (take(BLANKS_AND_COMMAS); at < header.length; take(BLANKS_AND_COMMAS)) {
    let name: string | null = takeWord()
    let isAnother = false
    if (take(EQUALS_SIGN) === undefined) {
      isAnother = challenge !== null
      isMac = !isAnother && name.toUpperCase() === 'MAC'
      if (isMac) challenge = { error: null, ts: null, tsm: null }
      take(BLANKS)
      name = null
      if (take(TOKEN68) === undefined && !isAtEnd()) {
        name = takeWord()
        take1(EQUALS_SIGN, 'a parameter has no value')
      }
    }
    if (name !== null) {
      const value =
        header[at] === '"'
          ? take1(QUOTED, 'a quote is not closed').slice(1, -1).replace(/\\(.)/gs, '$1')
          : takeWord()
      name = name.toLowerCase()
      if (isMac && challenge !== null && (name === 'error' || name === 'ts' || name === 'tsm')) {
        challenge[name] = value
      }
    }
    take(BLANKS)
    if (!isAtEnd()) throw challengeError('a comma is missing')
    if (isAnother) break
  }
  return challenge
}

function challengeError(what: string): MacError {
  return new MacError(
    'ERR_MAC_CHALLENGE_SYNTAX',
    `The WWW-Authenticate header is malformed: ${what}.`,
  )
}

/** A server's time, in the response to one request. */
export interface ServerTime {
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

/**
 * Returns the server's time from the challenge to a request.
 *
 * It does *not* check that the time is right: the MAC only proves that a server with the same key sent it.
 *
 * @param computeMac Computes a MAC with the key that signed that request, in base64.
 * @param sent The parameters of that request.
 * @returns Seconds since 1970, or `null` if the challenge has no time, or if its MAC was not computed
 *   with this key for this request. Then anyone may have sent it.
 */
export async function serverTimeOf(
  { ts: serverTs, tsm }: Pick<MacChallenge, 'ts' | 'tsm'>,
  computeMac: (text: string) => string | Promise<string>,
  { id, nonce, ts }: Pick<MacAuthorization, 'id' | 'nonce' | 'ts'>,
): Promise<number | null> {
  if (serverTs === null || tsm === null || !isTimestamp(serverTs)) return null
  const expected = await computeMac(serverTimeString({ id, nonce, ts, serverTs }))
  return macsAreEqual(tsm, expected) ? Number(serverTs) : null
}
