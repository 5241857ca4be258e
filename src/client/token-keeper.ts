import { MacError } from '../errors.ts'
import { type Stopwatch, startStopwatch, systemClock } from './clock.ts'
import type { Signer } from './credential.ts'
import type { SignerSource } from './signing-fetch.ts'
import { type Token, TokenFailure } from './token-request.ts'

/** A credential, and its age. */
interface DatedToken extends Token {
  /** The seconds since the client asked for it. */
  readonly age: Stopwatch
}

/** The current credential. */
interface Held extends DatedToken {
  /** How many seconds before its end it is renewed. */
  readonly renewBefore: number
  /** Whether a server accepted a request that was signed with it. */
  accepted: boolean
  /** After a failed renewal: the age at which the renewal is tried again. */
  retryAge: number
}

/** The error codes for a credential that the server does not know, or that has expired. */
const UNKNOWN_CODES: ReadonlySet<unknown> = new Set(['ERR_MAC_REJECTED', 'ERR_MAC_EXPIRED'])
/** A credential that no server ever accepted is renewed after a 401 only from this age on, in seconds. */
const MIN_AGE_IF_NEVER_ACCEPTED = 60

/** Keeps a credential and renews it. All requests share one renewal. */
export class TokenKeeper implements SignerSource {
  readonly #obtain: () => Promise<DatedToken>
  readonly #pause: TokenPause
  readonly #renewBefore: number | undefined
  #held: Held | null = null
  #renewal: Promise<Held> | null = null

  constructor(
    obtain: () => Promise<DatedToken>,
    pause: TokenPause,
    renewBeforeSeconds: number | undefined,
  ) {
    this.#obtain = obtain
    this.#pause = pause
    this.#renewBefore = renewBeforeSeconds
  }

  async current(signal: AbortSignal | null | undefined): Promise<Signer> {
    const held = this.#held
    if (held !== null) {
      const { renewBefore, signer } = held
      const left = leftOf(held)
      const paused = held.age() < held.retryAge
      if (left > renewBefore / 2 || (left > 0 && paused)) {
        // No request waits for this renewal. If it fails, a later request tries again.
        if (left <= renewBefore && !paused) this.#renew().catch(() => {})
        return signer
      }
    }
    signal?.throwIfAborted()
    try {
      return (await unlessAborted(this.#renew(), signal)).signer
    } catch (error) {
      signal?.throwIfAborted()
      const last = this.#held
      if (last === null || !this.#hasValidToken()) throw error
      return last.signer
    }
  }

  accepted(signer: Signer): void {
    if (this.#held?.signer === signer) this.#held.accepted = true
  }

  /**
   * Drops a credential that a server no longer knows. It keeps one that is new and was never accepted:
   * there the cause is probably another one, such as a wrong origin, which a new credential does not
   * change. Each request would then ask for a new credential.
   */
  rejected(signer: Signer, code: unknown): boolean {
    if (!UNKNOWN_CODES.has(code)) return false
    const held = this.#held
    if (held?.signer !== signer) return true
    if (!held.accepted && held.age() < MIN_AGE_IF_NEVER_ACCEPTED) return false
    this.#held = null
    return true
  }

  #renew(): Promise<Held> {
    this.#renewal ??= this.#obtainAndHold().finally(() => {
      this.#renewal = null
    })
    return this.#renewal
  }

  async #obtainAndHold(): Promise<Held> {
    if (!this.#hasValidToken()) this.#pause.check()
    const token = await this.#obtain().catch((error: unknown) => {
      throw this.#failed(error)
    })
    this.#pause.end()
    const { lifetime } = token
    const renewBefore = Math.min(this.#renewBefore ?? Math.min(30, lifetime / 10), lifetime / 2)
    this.#held = { ...token, renewBefore, accepted: false, retryAge: 0 }
    return this.#held
  }

  /** Returns the error for the waiting requests. If the endpoint failed, a pause begins. */
  #failed(error: unknown): unknown {
    const held = this.#held
    const endpointFailed = error instanceof TokenFailure
    if (held !== null) {
      const wait = endpointFailed ? (error.retryAfter ?? 0) : 0
      held.retryAge = held.age() + Math.max(held.renewBefore / 10, wait)
    }
    return endpointFailed ? this.#pause.begin(error, this.#hasValidToken()) : error
  }

  #hasValidToken(): boolean {
    return this.#held !== null && leftOf(this.#held) > 0
  }
}

/** How many seconds a credential is still valid. */
function leftOf({ lifetime, age }: Held): number {
  return lifetime - age()
}

/** Waits for a promise, but rejects if the signal aborts. It does *not* end the work of the promise. */
async function unlessAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | null | undefined,
): Promise<Value> {
  if (signal === null || signal === undefined) return promise
  let abort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason)
  })
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** The pause after the first failure, in seconds. It doubles with each further failure. */
const FIRST_PAUSE = 1
const MAX_PAUSE = 30

/** A failure, and the pause after it. */
interface Pause {
  readonly error: MacError
  readonly seconds: number
  readonly age: Stopwatch
}

/** Makes the client wait before it asks a token endpoint again that gave no credential. */
export class TokenPause {
  readonly #now: (() => number) | undefined
  #pause: Pause | null = null
  #next = FIRST_PAUSE

  /** @param now A clock in seconds since 1970. Default: the system clock. */
  constructor(now: (() => number) | undefined) {
    this.#now = now
  }

  /** @throws {@link MacError} the error of the last failure, until its pause is over. */
  check(): void {
    const pause = this.#pause
    if (pause !== null && pause.age() < pause.seconds) throw pause.error
  }

  /**
   * Begins a pause.
   * @param hasValidToken Whether the old credential is still valid. Then the pauses do not grow, so that
   *   the endpoint is asked again soon if requests need the new one.
   * @returns The error for all requests that wait, and for those that come during the pause.
   */
  begin(failure: TokenFailure, hasValidToken: boolean): MacError {
    const seconds = failure.retryAfter ?? (hasValidToken ? FIRST_PAUSE : this.#next)
    if (!hasValidToken) this.#next = Math.min(this.#next * 2, MAX_PAUSE)
    const error = publicError(failure, (this.#now ?? systemClock)() + seconds)
    this.#pause = { error, seconds, age: startStopwatch(this.#now) }
    return error
  }

  /** Ends the pause: the endpoint gave a credential. */
  end(): void {
    this.#pause = null
    this.#next = FIRST_PAUSE
  }
}

function publicError({ message, cause }: TokenFailure, until: number): MacError {
  const options = cause === undefined ? {} : { cause }
  return new MacError('ERR_MAC_CLIENT_TOKEN', `${message}${notBefore(until)}`, options)
}

function notBefore(seconds: number): string {
  const date = new Date(Math.ceil(seconds) * 1000)
  // The option now may return any number.
  if (Number.isNaN(date.getTime())) return ''
  return ` It is not asked again before ${date.toISOString().replace('.000Z', 'Z')}.`
}
