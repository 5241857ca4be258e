/** What an `ext` function is shown of a request that is about to be signed. */
export interface UnsignedRequest {
  readonly method: string
  readonly url: string
  readonly headers: Headers
}

/** How to sign, beside what. */
export interface SignOptions {
  /**
   * What the MAC covers besides the request (draft §3.1), or a function of the request that gives it:
   * printable ASCII without `"` and `\`. With a function and `createMacFetch`, it is asked anew each
   * time that something is signed. Default: none.
   */
  readonly ext?: string | null | ((request: UnsignedRequest) => string | null) | undefined
  /**
   * Binds the body to the MAC: its SHA-256 goes into `ext` as a dictionary of RFC 9530, before the
   * application's own part. The body is read into memory for it. Default: `false`, and then the MAC
   * does *not* cover the body.
   */
  readonly body?: boolean | undefined
  /** The client's clock, in seconds since 1970. Default: the system's. */
  readonly now?: (() => number) | undefined
  /** Seconds to add to the clock. Default: 0. */
  readonly clockOffset?: number | undefined
  /** Makes the nonces, for tests: two requests with the same one are a replay. Default: 128 random bits. */
  readonly nonce?: (() => string) | undefined
}

/** A function such as `fetch`, that signs. */
export type MacFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** The options of `createMacFetch`. */
export interface MacFetchOptions extends SignOptions {
  /** What sends the requests. Default: the global `fetch`, looked up with each request. */
  readonly fetch?: MacFetch | undefined
  /** How many redirects are followed before it gives up. Default: 20, as the Fetch standard has it. */
  readonly maxRedirects?: number | undefined
  /**
   * Does what a redirect or a 401 asks for also if it came over plain `http:` from another machine.
   * Whoever is on the way can write it: a redirect chooses what is signed next, and a 401 that no longer
   * knows the credential makes `createTokenFetch` send the request twice. Default: `false`, and such a
   * redirect is refused, such a 401 given back; `https:`, `localhost`, 127.0.0.0/8 and `[::1]` are not
   * concerned.
   */
  readonly trustPlainHttp?: boolean | undefined
}

type Kind = 'boolean' | 'function' | 'number' | 'text'
const KINDS: Readonly<Record<keyof MacFetchOptions, Kind>> = {
  ext: 'text',
  body: 'boolean',
  now: 'function',
  clockOffset: 'number',
  nonce: 'function',
  fetch: 'function',
  maxRedirects: 'number',
  trustPlainHttp: 'boolean',
}
const SIGNING: readonly (keyof SignOptions)[] = ['ext', 'body', 'now', 'clockOffset', 'nonce']

/** @throws TypeError that names the option at fault. */
export function checkSignOptions(options: SignOptions): void {
  check(options, SIGNING)
}

/**
 * @param others Options that there are besides, which are checked elsewhere.
 * @throws TypeError that names the option at fault.
 */
export function checkFetchOptions(options: MacFetchOptions, others: readonly string[] = []): void {
  check(options, [...others, ...Object.keys(KINDS)])
  const { maxRedirects = 0 } = options
  if (Number.isSafeInteger(maxRedirects) && maxRedirects >= 0) return
  throw new TypeError('withmac: the option maxRedirects must be a whole number, 0 or more.')
}

function check(options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('withmac: the options must be an object.')
  }
  for (const [name, value] of Object.entries(options)) {
    if (!known.includes(name)) {
      throw new TypeError(
        `withmac: there is no option ${name} here; there are ${known.join(', ')}.`,
      )
    }
    const kind: Kind | undefined = KINDS[name as keyof MacFetchOptions]
    if (value === undefined || kind === undefined || isOf(kind, value)) continue
    const rule = kind === 'text' ? 'string, null or a function' : kind
    throw new TypeError(`withmac: the option ${name} must be a ${rule}.`)
  }
}

function isOf(kind: Kind, value: unknown): boolean {
  if (kind === 'number') return Number.isFinite(value)
  if (kind === 'text') return value === null || ['string', 'function'].includes(typeof value)
  return typeof value === kind
}
