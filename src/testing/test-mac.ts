import { makeMac } from '../create-mac.ts'
import type { NewCredential } from '../credentials/credential.ts'
import { readInput, readUser, scopes as scopesSchema, type User } from '../credentials/validate.ts'
import type { Mac } from '../mac.ts'
import { given, nameFaults, OPTIONS } from '../option-names.ts'
import type { MacOptions } from '../options.ts'
import { MAX_PLAUSIBLE_SECONDS } from '../protocol/parameters.ts'
import { checkInit, type SignedInit, signedRequest } from './signed-request.ts'

/** The options of `createTestMac`: those of `createMac` without `database`, `nonces` and `now`, and these. */
export interface TestMacOptions extends Omit<MacOptions, 'database' | 'nonces' | 'now'> {
  /** The user that signs a request by default. Default: `'tester'`. */
  readonly user?: User | undefined
  /** The scopes of every credential: see the option `scope` of `withMac`. Default: none. */
  readonly scopes?: readonly string[] | undefined
  /** The time that the clock shows at first, in seconds since 1970 or as a `Date`. Default: the current second. */
  readonly startsAt?: number | Date | undefined
}

/** The options of `signedRequest` of a `TestMac`. */
export interface TestRequestInit extends SignedInit {
  /** The user that signs. Each user gets a credential with the first request. Default: `user` of `createTestMac`. */
  readonly user?: User | undefined
  /** Binds the body to the MAC. Default: `true` if the option `body` of the `Mac` is `required` or `optional`. */
  readonly bindBody?: boolean | undefined
}

/** A `Mac` for tests, with a clock and signed requests. */
export interface TestMac {
  /** The `Mac` to give to your application instead of its own. Its database is in memory. */
  readonly mac: Mac
  /** The clock of the server and of the client. */
  readonly clock: TestClock
  /** The credential of the default user. It never expires. */
  readonly credential: NewCredential
  /** Returns the credential of a user. It is created with the first call, and never expires. */
  credentialOf(user: User): Promise<NewCredential>
  /**
   * Returns a signed `Request` with a new nonce and the time of the clock. It is accepted once. `url` may
   * be only a path: its origin is then the option `origin`, if that is one origin, otherwise
   * `http://localhost`.
   *
   * To get a request that must be rejected: advance the clock before you use it (stale), use its
   * `clone()` first (replay), revoke `credential.id`, or use `new Request(url)` (unsigned).
   */
  signedRequest(url: string | URL, init?: TestRequestInit): Promise<Request>
}

/**
 * Returns a `Mac` on a database in memory, with a clock that moves only if the test moves it. It is for
 * the tests of your application, with any test runner. It accepts and rejects requests as any `Mac` does.
 *
 * @throws TypeError that names each wrong option. It also throws if the database cannot be opened: on
 *   Node before 22.13, better-sqlite3 must be installed.
 *
 * @example
 * const { mac, clock, signedRequest } = await createTestMac()
 * const app = createApp(mac)
 * const request = await signedRequest('/orders', { user: 'ada', method: 'POST', body: '{}' })
 * clock.advance(301)
 * assert.equal((await app(request)).status, 401)
 */
export async function createTestMac(options: TestMacOptions = {}): Promise<TestMac> {
  checkNames(options)
  const { user: tester = 'tester', scopes = [], startsAt = secondsNow(), ...rest } = options
  readUser(tester, 'createTestMac')
  readInput('createTestMac', scopesSchema, scopes, 'scopes')
  const clock = clockFrom(startsAt)
  // The sealing key of the environment is for the application's own Mac. In memory, none is needed.
  const sealingKey = rest.sealingKey ?? null
  const own = { sealingKey, database: 'sqlite::memory:', nonces: null, now: clock.now }
  const mac = makeMac({ ...rest, ...own }, 'createTestMac')
  const credentials = new Map<string, Promise<NewCredential>>()
  const base = typeof rest.origin === 'string' ? rest.origin : 'http://localhost'
  const bindAll = rest.body === 'required' || rest.body === 'optional'

  async function credentialOf(user: User): Promise<NewCredential> {
    const name = readUser(user)
    const made = credentials.get(name) ?? mac.createCredential(name, { expires: null, scopes })
    credentials.set(name, made)
    return made
  }

  return {
    mac,
    clock,
    credential: await credentialOf(tester),
    credentialOf,
    async signedRequest(url, options = {}) {
      checkInit('signedRequest of createTestMac', options)
      const { user = tester, bindBody = bindAll, ...init } = options
      const credential = await credentialOf(user)
      const signing = { ...init, bindBody, credential, now: clock.now }
      return signedRequest(new URL(url, base), signing)
    },
  }
}

const OWN_OPTIONS = ['database', 'nonces', 'now']

function checkNames(options: TestMacOptions): void {
  for (const name of OWN_OPTIONS) {
    if (!(name in Object(options))) continue
    throw new TypeError(`withmac: createTestMac has its own ${name}. To set it, use createMac.`)
  }
  const known = [...OPTIONS.createTestMac, ...OPTIONS.createMac]
  const faults = nameFaults(
    'createTestMac',
    options,
    known.filter((name) => !OWN_OPTIONS.includes(name)),
  )
  if (faults.length === 0) return
  throw new TypeError(`withmac: wrong options for createTestMac: ${faults.join('; ')}`)
}

function clockFrom(startsAt: number | Date): TestClock {
  try {
    return new TestClock(startsAt)
  } catch (cause) {
    throw new TypeError(
      `withmac: createTestMac: startsAt must be a Date or seconds since 1970, not ${given(startsAt)}`,
      { cause },
    )
  }
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1000)
}

/** A clock that moves only if a test moves it. */
export class TestClock {
  #seconds: number

  /** @param start The time that it shows at first, in seconds since 1970 or as a `Date`. */
  constructor(start: number | Date) {
    this.#seconds = secondsOf(start)
  }

  /** Returns the time, in seconds since 1970. It also works without its object: `const { now } = clock`. */
  readonly now = (): number => this.#seconds

  /**
   * Moves the clock forward, or back with a negative number.
   * @throws TypeError if `seconds` is not a number.
   */
  advance(seconds: number): void {
    this.#seconds = secondsOf(this.#seconds + seconds)
  }

  /**
   * Sets the clock.
   * @param time Seconds since 1970, or a `Date`.
   * @throws TypeError if `time` is neither, or is in milliseconds.
   */
  set(time: number | Date): void {
    this.#seconds = secondsOf(time)
  }
}

function secondsOf(time: number | Date): number {
  const seconds = time instanceof Date ? time.getTime() / 1000 : time
  if (Number.isFinite(seconds) && Math.abs(seconds) < MAX_PLAUSIBLE_SECONDS) return seconds
  throw new TypeError(
    `withmac: a test clock cannot be set to ${time}. It takes seconds since 1970.`,
  )
}
