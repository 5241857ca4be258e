import { CLIENT_OPTIONS, type ClientTaker } from './client-option-names.ts'

/** A function that takes options, or an object that is passed to one. */
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
  | 'createAdmin'
  | ClientTaker
  | 'createTestMac'
  | 'signedRequest'
  | 'signedRequest of createTestMac'

/** The options that `createMac` and `withMac` share. */
const CHECK = [
  ...['origin', 'trustProxy', 'clientAddress', 'body', 'maxBodyBytes', 'ext', 'cors'],
  ...['onAccept', 'onReject', 'debug', 'debugEvenInProduction'],
]
const ADMIT = ['mode', 'allowPreflight', 'scope', 'requestTarget', 'path']

/**
 * The options of each function, so that an error about a wrong name can say to which function it belongs.
 * `createTestMac` takes those of `createMac` as well, and `createTokenFetch` those of `createMacFetch`.
 */
export const OPTIONS: Readonly<Record<Taker, readonly string[]>> = {
  createMac: [
    ...CHECK,
    ...['database', 'windowSeconds', 'maxNoncesInMemory', 'clockOffset', 'sealingKey'],
    ...['nonces', 'nonceKeyPrefix', 'storeTimeoutSeconds', 'connections', 'preparedStatements'],
    ...['rateLimit', 'problemTypes', 'now'],
  ],
  withMac: [...CHECK, ...ADMIT],
  verify: [...CHECK, ...ADMIT],
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
  createAdmin: ['authorize', 'basePath', 'onError'],
  ...CLIENT_OPTIONS,
  createTestMac: ['user', 'scopes', 'startsAt'],
  signedRequest: ['credential', 'ext', 'bindBody', 'nonce', 'now'],
  'signedRequest of createTestMac': ['user', 'ext', 'bindBody', 'nonce'],
}

/**
 * Checks that options are an object, and that each name in it is known, even if its value is `undefined`. It
 * does *not* look at the values.
 *
 * @param known The known names.
 * @param expected What the options must be, in words.
 * @returns A clause for each fault.
 */
export function nameFaults(
  who: Taker,
  options: unknown,
  known: readonly string[] = OPTIONS[who],
  expected = 'an object of options',
): readonly string[] {
  if (!isOptions(options)) return [`must be ${expected}, not ${given(options)}`]
  const faults: string[] = []
  for (const name in options) {
    if (known.includes(name) || isOfEveryObject(options, name)) continue
    faults.push(noOption(name, known, who))
  }
  return faults
}

/**
 * Returns a clause that says that an option does not exist, and what was probably meant: a similar name, or a
 * function that has this option. Otherwise it lists the known options.
 *
 * @param known The known names.
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

/** Returns the functions that have an option of this name; if one of them is related to `who`, only that. */
function ownersOf(name: string, who: Taker | undefined): readonly string[] {
  const owners = (Object.keys(OPTIONS) as Taker[]).filter((each) => OPTIONS[each].includes(name))
  const kin = owners.filter((each) => who && (each.includes(who) || who.includes(each)))
  return kin.length > 0 ? kin : owners
}

/**
 * Whether a value can be options: an object with names and values, which may also be a module or an instance
 * of a class. An array, a `Map` or a `Request` is not.
 */
export function isOptions(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  return /^\[object (?:Object|Module)\]$/.test(Object.prototype.toString.call(value))
}

/**
 * Describes a value in a few words.
 * @param isSecret If `true`, only its kind is described.
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

/** Whether a library has added the name to all objects, so that it was not given as an option. */
function isOfEveryObject(options: object, name: string): boolean {
  return name in Object.prototype && !Object.hasOwn(options, name)
}

/** Returns how many edits a name may be away from the one that was meant. */
function mostEdits(name: string): number {
  return name.length < 4 ? 1 : name.length < 9 ? 2 : 3
}

/** Returns the most similar name; `null` if none is similar. */
export function nearest(name: string, known: readonly string[], most: number): string | null {
  const plain = plainName(name)
  let best: string | null = null
  let fewest = most + 1
  for (const each of known) {
    const other = plainName(each)
    // A name that is cut short, such as `window` for windowSeconds, counts as one wrong letter.
    const isStart = plain.length >= 4 && other.startsWith(plain)
    const distance = isStart ? Math.min(1, edits(plain, other)) : edits(plain, other)
    if (distance < fewest) [best, fewest] = [each, distance]
  }
  return best
}

/** So that `window_seconds` and `WindowSeconds` are taken for windowSeconds. */
function plainName(name: string): string {
  return name.slice(0, 60).replace(/[_-]/g, '').toLowerCase()
}

/** Returns how many letters must be added, removed, changed or swapped to get the other word. */
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
