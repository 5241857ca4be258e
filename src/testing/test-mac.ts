import { makeMac } from '../create-mac.ts'
import type { NewCredential } from '../credentials/credential.ts'
import { readInput, readUser, scopes as scopesSchema, type User } from '../credentials/validate.ts'
import type { Mac } from '../mac.ts'
import { given, nameFaults, OPTIONS } from '../option-names.ts'
import type { MacOptions } from '../options.ts'
import { LATEST_PLAUSIBLE } from '../protocol/parameters.ts'
import { checkInit, type SignedInit, signedRequest } from './signed-request.ts'

/** The options of `createTestMac`: those of `createMac`, but for what it brings along itself. */
export interface TestMacOptions extends Omit<MacOptions, 'database' | 'now'> {
  /** Who signs where a request says nothing of it. Default: `'tester'`. */
  readonly user?: User | undefined
  /** What every credential may be used for: see the option `scope` of `withMac`. Default: nothing. */
  readonly scopes?: readonly string[] | undefined
  /** Where the clock stands, in seconds since 1970 or as a `Date`. Default: the whole second it is. */
  readonly startsAt?: number | Date | undefined
}

/** How a request of a `TestMac` is made and signed. */
export interface TestRequestInit extends SignedInit {
  /** Who signs. A credential is made for each user at its first request. Default: the `Mac`'s. */
  readonly user?: User | undefined
  /** Binds the body to the MAC. Default: whether the `Mac` looks at bodies: see its option `body`. */
  readonly bindBody?: boolean | undefined
}

/** A `Mac` for tests, and those who sign for it. */
export interface TestMac {
  /** To be handed to the application in place of its own. It keeps all in memory. */
  readonly mac: Mac
  /** The clock of both sides. */
  readonly clock: TestClock
  /** The credential that signs where a request says nothing of a user. It never expires. */
  readonly credential: NewCredential
  /** The credential of a user, which is made when it is first asked for, and never expires. */
  credentialOf(user: User): Promise<NewCredential>
  /**
   * Makes a signed `Request`, good for once: a new nonce, the time of the clock. A path alone will do;
   * its host is that of the option `origin`, where that is one origin, else `http://localhost`.
   *
   * For a request that must be refused, let the clock move on before it is handed in (stale), hand in
   * its `clone()` first (a replay), revoke `credential.id`, or send `new Request(url)` (unsigned).
   */
  signedRequest(url: string | URL, init?: TestRequestInit): Promise<Request>
}

/**
 * Makes a `Mac` on a database in memory, with a clock that stands still until it is moved, for an
 * application's own tests under any runner. What it lets in and refuses, it does as any other.
 *
 * @throws TypeError that names each option that is wrong; what opening a database throws: on Node
 *   before 22.13 better-sqlite3 must be there.
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
  // Nothing is at rest in memory: what the environment says of sealing is for the application's own Mac.
  const own = { sealingKey: rest.sealingKey ?? null, database: 'sqlite::memory:', now: clock.now }
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

const BROUGHT = ['database', 'now']

function checkNames(options: TestMacOptions): void {
  for (const name of BROUGHT) {
    if (!(name in Object(options))) continue
    throw new TypeError(`withmac: createTestMac brings its own ${name}: use createMac for another.`)
  }
  const known = [...OPTIONS.createTestMac, ...OPTIONS.createMac]
  const faults = nameFaults(
    'createTestMac',
    options,
    known.filter((name) => !BROUGHT.includes(name)),
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

/** A clock that stands still until it is moved. */
export class TestClock {
  #seconds: number

  /** @param start Where it stands, in seconds since 1970 or as a `Date`. */
  constructor(start: number | Date) {
    this.#seconds = secondsOf(start)
  }

  /** The time that it shows, in seconds since 1970. It may be taken off the clock and called alone. */
  readonly now = (): number => this.#seconds

  /**
   * Moves it on; back, with a negative number.
   * @throws TypeError where that is no number.
   */
  advance(seconds: number): void {
    this.#seconds = secondsOf(this.#seconds + seconds)
  }

  /**
   * Sets it.
   * @param time Seconds since 1970, or a `Date`.
   * @throws TypeError where that is neither, or milliseconds.
   */
  set(time: number | Date): void {
    this.#seconds = secondsOf(time)
  }
}

function secondsOf(time: number | Date): number {
  const seconds = time instanceof Date ? time.getTime() / 1000 : time
  if (Number.isFinite(seconds) && Math.abs(seconds) < LATEST_PLAUSIBLE) return seconds
  throw new TypeError(`withmac: a test clock cannot show ${time}: it is set in seconds since 1970.`)
}
