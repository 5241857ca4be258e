/** A function that takes options, or an object that is given to one. */
export type Taker =
  | 'createMac'
  | 'withMac'
  | 'verify'
  | 'createCredential'
  | 'rotateCredential'
  | 'updateCredential'
  | 'listCredentials'
  | 'credentialHistory'
  | 'reseal'
  | 'createTokenEndpoint'
  | 'signRequest'
  | 'signHeaders'
  | 'the request of signHeaders'
  | 'createMacFetch'
  | 'createTokenFetch'
  | 'createTestMac'
  | 'signedRequest'
  | 'signedRequest of createTestMac'

/** What `createMac` is told of single handlers, and `withMac` of its own. */
const CHECK = [
  ...['origin', 'trustProxy', 'clientAddress', 'body', 'maxBodyBytes', 'ext'],
  ...['onAccept', 'onReject', 'debug', 'debugEvenInProduction'],
]
const SIGNING = ['ext', 'body', 'now', 'clockOffset', 'nonce']

/**
 * Which options each function takes, so that a wrong name can be traced to the function that it belongs
 * to. `createTestMac` takes those of `createMac` as well, and `createTokenFetch` those of `createMacFetch`.
 */
export const OPTIONS: Readonly<Record<Taker, readonly string[]>> = {
  createMac: [
    ...CHECK,
    ...['database', 'windowSeconds', 'maxNoncesInMemory', 'clockOffset', 'sealingKey'],
    ...['rateLimit', 'now'],
  ],
  withMac: [...CHECK, 'mode', 'allowPreflight', 'scope', 'requestTarget'],
  verify: ['clientAddress'],
  createCredential: [
    ...['id', 'key', 'allowShortKey', 'algorithm', 'expires', 'label', 'scopes', 'rateLimit'],
    ...['removeWhenExpired', 'ifExists'],
  ],
  rotateCredential: [
    ...['graceSeconds', 'key', 'allowShortKey', 'algorithm', 'expires', 'endEarlierGrace'],
  ],
  updateCredential: ['label', 'scopes', 'rateLimit'],
  listCredentials: ['user'],
  credentialHistory: ['id', 'user', 'limit'],
  reseal: ['onProgress', 'vacuum'],
  createTokenEndpoint: [
    ...['authenticateClient', 'algorithm', 'expiresSeconds', 'issueLimit'],
    ...['origin', 'trustProxy', 'clientAddress', 'onIssue', 'onRefuse', 'onError'],
  ],
  signRequest: SIGNING,
  signHeaders: ['now', 'clockOffset', 'nonce'],
  'the request of signHeaders': ['method', 'url', 'target', 'ext', 'body'],
  createMacFetch: [...SIGNING, 'fetch', 'maxRedirects', 'trustPlainHttp'],
  createTokenFetch: [
    ...['tokenEndpoint', 'clientId', 'clientSecret', 'scope', 'authentication'],
    ...['renewBeforeSeconds', 'timeoutSeconds'],
  ],
  createTestMac: ['user', 'scopes', 'startsAt'],
  signedRequest: ['credential', 'ext', 'bindBody', 'nonce', 'now'],
  'signedRequest of createTestMac': ['user', 'ext', 'bindBody', 'nonce'],
}

/**
 * Checks that options are an object, and its names. It does *not* look at the values: an unknown name is
 * wrong also with the value `undefined`.
 *
 * @param known The names that there are.
 * @returns What is wrong, each in a clause.
 */
export function nameFaults(
  who: Taker,
  options: unknown,
  known: readonly string[] = OPTIONS[who],
): readonly string[] {
  if (!isOptions(options)) return [`must be an object of options, not ${given(options)}`]
  const faults: string[] = []
  for (const name in options) {
    if (known.includes(name) || isOfEveryObject(options, name)) continue
    faults.push(noOption(name, known, who))
  }
  return faults
}

/**
 * Says that there is no such option, and what may have been meant: the near name, or the functions that
 * the option belongs to; otherwise which options there are.
 *
 * @param known The names that there are.
 */
export function noOption(name: string, known: readonly string[], who?: Taker): string {
  const shown = /^[\w$]{1,60}$/.test(name) ? name : JSON.stringify(name.slice(0, 60))
  const fault = `there is no option ${shown}`
  const owners = ownersOf(name, who)
  const belongs = `${shown} belongs to ${listed(owners, 'and')}`
  const near = nearest(name, known, owners.length > 0 ? 1 : mostEdits(name))
  if (near !== null) {
    return `${fault}: did you mean ${near}?${owners.length > 0 ? ` (${belongs})` : ''}`
  }
  const there = `there are ${known.join(', ')}`
  if (owners.length > 0) return `${fault}: ${belongs}; ${there}`
  const elsewhere = nearest(name, Object.values(OPTIONS).flat(), mostEdits(name))
  if (elsewhere === null) return `${fault}: ${there}`
  const others = listed(ownersOf(elsewhere, who), 'and')
  return `${fault}: did you mean ${elsewhere}, which belongs to ${others}? Here ${there}`
}

/** Which functions have an option of this name: if one of them has to do with `who`, that one alone. */
function ownersOf(name: string, who: Taker | undefined): readonly string[] {
  const owners = (Object.keys(OPTIONS) as Taker[]).filter((each) => OPTIONS[each].includes(name))
  const kin = owners.filter((each) => who && (each.includes(who) || who.includes(each)))
  return kin.length > 0 ? kin : owners
}

/**
 * Whether a value can be options: an object of names and values, also of a class of the application's or
 * a module. A list, a `Map` or a `Request` has no options that would be found.
 */
export function isOptions(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  return /^\[object (?:Object|Module)\]$/.test(Object.prototype.toString.call(value))
}

/**
 * What was given, in a few words.
 * @param isSecret Then its kind alone is told.
 */
export function given(value: unknown, isSecret = false): string {
  switch (typeof value) {
    case 'string':
      if (isSecret) return value === '' ? 'an empty string' : 'a string'
      return value.length <= 40 ? JSON.stringify(value) : `${JSON.stringify(value.slice(0, 40))}…`
    case 'number':
    case 'bigint':
      return isSecret ? 'a number' : String(value)
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'object':
      return value === null ? 'null' : kindOf(value)
    default:
      return `a ${typeof value}`
  }
}

/** Joins words: `a`, `a or b`, `a, b or c`. */
export function listed(words: readonly string[], last: 'and' | 'or'): string {
  const [only = ''] = words
  if (words.length < 2) return only
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`
}

function kindOf(value: object): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array'
  if (value instanceof Promise) return 'a promise (await it)'
  const name: unknown = value.constructor?.name
  if (typeof name !== 'string' || name === 'Object' || name === '') return 'an object'
  return `${/^[aeio]/i.test(name) ? 'an' : 'a'} ${name}`
}

/** What some library has put onto all objects was not given as an option. */
function isOfEveryObject(options: object, name: string): boolean {
  return name in Object.prototype && !Object.hasOwn(options, name)
}

/** How far a name may be from what was meant. */
function mostEdits(name: string): number {
  return name.length < 4 ? 1 : name.length < 9 ? 2 : 3
}

/** The name that is nearest, or `null` where none is near. */
export function nearest(name: string, known: readonly string[], most: number): string | null {
  const plain = plainName(name)
  let best: string | null = null
  let fewest = most + 1
  for (const each of known) {
    const other = plainName(each)
    // Cut short, as `window` for windowSeconds: as good as a letter that is wrong.
    const isStart = plain.length >= 4 && other.startsWith(plain)
    const distance = isStart ? Math.min(1, edits(plain, other)) : edits(plain, other)
    if (distance < fewest) [best, fewest] = [each, distance]
  }
  return best
}

/** `window_seconds` and `WindowSeconds` are meant as windowSeconds. */
function plainName(name: string): string {
  return name.slice(0, 60).replace(/[_-]/g, '').toLowerCase()
}

/** How many letters must be put in, left out, changed or swapped with the next to get the other word. */
function edits(one: string, other: string): number {
  let before: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1] ? 0 : 1
      const swapped = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      row[j] = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + same,
        swapped && i > 1 && j > 1 ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    before = last
    last = row
  }
  return last[other.length] ?? 0
}
