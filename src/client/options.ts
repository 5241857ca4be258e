import { given, nameFaults, OPTIONS, type Taker } from '../option-names.ts'

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

/** What an option must be: how that is said, and whether a value is it. */
type Rule = readonly [rule: string, isMet: (value: unknown) => boolean]

const FUNCTION: Rule = ['a function', (value) => typeof value === 'function']
const BOOLEAN: Rule = ['a boolean', (value) => typeof value === 'boolean']

const RULES: Readonly<Record<keyof MacFetchOptions, Rule>> = {
  ext: [
    'a string, null or a function',
    (value) => value === null || typeof value === 'string' || typeof value === 'function',
  ],
  body: BOOLEAN,
  now: FUNCTION,
  clockOffset: ['a number of seconds', Number.isFinite],
  nonce: FUNCTION,
  fetch: FUNCTION,
  maxRedirects: [
    'a whole number, 0 or more',
    (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  ],
  trustPlainHttp: BOOLEAN,
}

/**
 * Checks names and values of options.
 *
 * @param who Who takes them.
 * @param others Options that there are besides, whose values are checked elsewhere.
 * @throws TypeError that names the option at fault.
 */
export function checkOptions(
  who: 'signRequest' | 'signHeaders' | 'createMacFetch' | 'createTokenFetch',
  options: MacFetchOptions,
  others: readonly string[] = [],
): void {
  const own = who === 'createTokenFetch' ? 'createMacFetch' : who
  const [fault] = nameFaults(who, options, [...others, ...OPTIONS[own]])
  if (fault !== undefined) throw wrongOptions(who, fault)
  for (const [name, [rule, isMet]] of Object.entries(RULES)) {
    const value = options[name as keyof MacFetchOptions]
    if (value === undefined || isMet(value)) continue
    throw wrongOptions(who, `${name} must be ${rule}, not ${given(value)}`)
  }
}

/** What makers of a fetch take, and where it belongs. Where a test binds the body, `body` does it here. */
const OF_THE_MAKER: readonly (readonly [name: string, place: string])[] = [
  ...OPTIONS.createMacFetch
    .filter((name) => name !== 'body')
    .map((name) => [name, `createMacFetch(credential, { ${name} })`] as const),
  ...OPTIONS.createTokenFetch.map((name) => [name, `createTokenFetch({ ${name} })`] as const),
  ['credential', 'createMacFetch(credential)'],
  ['bindBody', 'createMacFetch(credential, { body: true })'],
]

/**
 * Checks what a single call of a `MacFetch` is given. What its maker takes would be passed on to `fetch`,
 * which heeds none of it; all else is for `fetch` to judge.
 *
 * @throws TypeError
 */
export function checkInit(init: object): void {
  for (const [name, place] of OF_THE_MAKER) {
    if ((init as Record<string, unknown>)[name] === undefined) continue
    throw new TypeError(
      `withmac: ${name} is not an option of a single request: it belongs to the function that makes ` +
        `the fetch, as in ${place}.`,
    )
  }
}

/** The error for options that cannot be used. */
export function wrongOptions(who: Taker, fault: string): TypeError {
  return new TypeError(`withmac: wrong options for ${who}: ${fault}`)
}
