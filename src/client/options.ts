import { given, nameFaults, OPTIONS, type Taker } from '../option-names.ts'

/** The request that an `ext` function gets, before it is signed. */
export interface UnsignedRequest {
  readonly method: string
  readonly url: string
  readonly headers: Headers
}

/** The options of `signRequest`. */
export interface SignOptions {
  /**
   * Additional text that the MAC covers (draft §3.1), or a function of the request that returns it. It
   * must be printable ASCII without `"` and `\`. `createMacFetch` calls the function for each signature.
   * Default: none.
   */
  readonly ext?: string | null | ((request: UnsignedRequest) => string | null) | undefined
  /**
   * Binds the body to the MAC: its SHA-256 goes into `ext`, in the form of RFC 9530, before your own
   * part. For this, the body is read into memory. Default: `false`, and the MAC does *not* cover the body.
   */
  readonly body?: boolean | undefined
  /** The client's clock, in seconds since 1970. Default: the system clock. */
  readonly now?: (() => number) | undefined
  /** Seconds to add to the clock. Default: 0. */
  readonly clockOffset?: number | undefined
  /** Returns the nonce, for tests. Two requests with the same nonce are a replay. Default: 128 random bits. */
  readonly nonce?: (() => string) | undefined
}

/** A function like `fetch` that signs its requests. */
export type MacFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** The options of `createMacFetch`. */
export interface MacFetchOptions extends SignOptions {
  /** The function that sends the requests. Default: the global `fetch`, looked up for each request. */
  readonly fetch?: MacFetch | undefined
  /** The maximum number of redirects to follow. One more is an error. Default: 20, as in the Fetch standard. */
  readonly maxRedirects?: number | undefined
  /**
   * Trusts a redirect and a 401 even if it came over plain `http:` from another machine. An attacker on
   * the way can write it: the redirect chooses what is signed next, and a 401 for an unknown credential
   * makes `createTokenFetch` send the request twice. Default: `false`: such a redirect is an error, and
   * such a 401 is returned. This does *not* concern `https:`, `localhost`, 127.0.0.0/8 and `[::1]`.
   */
  readonly trustPlainHttp?: boolean | undefined
}

/** What an option must be, in words, and a function that checks it. */
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
 * Checks the names and values of options.
 *
 * @param who The function that takes them.
 * @param others The names of other options. Their values are *not* checked here.
 * @throws TypeError that names the wrong option.
 */
export function checkOptions(
  who: 'signRequest' | 'signHeaders' | 'createMacFetch' | 'createTokenFetch',
  options: MacFetchOptions,
  others: readonly string[] = [],
): void {
  const own = who === 'createTokenFetch' ? 'createMacFetch' : who
  const [fault] = nameFaults(who, options, [...others, ...OPTIONS[own]])
  if (fault !== undefined) throw wrongOptionsError(who, fault)
  for (const [name, [rule, isMet]] of Object.entries(RULES)) {
    const value = options[name as keyof MacFetchOptions]
    if (value === undefined || isMet(value)) continue
    throw wrongOptionsError(who, `${name} must be ${rule}, not ${given(value)}`)
  }
}

/**
 * Checks the options of a single call of a `MacFetch`. `fetch` would ignore an option that belongs to
 * `createMacFetch`. Other options are *not* checked: `fetch` does that.
 *
 * @throws TypeError if there is an option that belongs to `createMacFetch` or `createTokenFetch`.
 */
export function checkInit(init: object): void {
  const { createMacFetch, createTokenFetch } = OPTIONS
  for (const name of ['credential', 'bindBody', ...createMacFetch, ...createTokenFetch]) {
    if (name === 'body' || (init as Record<string, unknown>)[name] === undefined) continue
    throw new TypeError(
      `withmac: ${name} is not an option of a single request. It belongs elsewhere, as in ${placeOf(name)}.`,
    )
  }
}

/** `bindBody` is an option of `signedRequest`. */
function placeOf(name: string): string {
  if (name === 'credential') return 'createMacFetch(credential)'
  if (OPTIONS.createTokenFetch.includes(name)) return `createTokenFetch({ ${name} })`
  return `createMacFetch(credential, { ${name === 'bindBody' ? 'body: true' : name} })`
}

export function wrongOptionsError(who: Taker, fault: string): TypeError {
  return new TypeError(`withmac: wrong options for ${who}: ${fault}`)
}
