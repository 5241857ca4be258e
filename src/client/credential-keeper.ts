import type { MacErrorCode } from '../error-codes.ts'
import { MacError } from '../errors.ts'
import { type Stopwatch, startStopwatch, systemClock } from './clock.ts'
import type { SigningCredential } from './credential.ts'
import type { CredentialSource } from './signing-fetch.ts'
import { type TokenCredential, TokenFailure } from './token-request.ts'

/** A credential, and its age. */
interface AgedCredential extends TokenCredential {
  /** The seconds since the client asked for it. */
  readonly age: Stopwatch
}

interface CurrentCredential extends AgedCredential {
  /** How many seconds before its end it is renewed. */
  readonly renewBefore: number
  /** Whether a server accepted a request that was signed with it. */
  accepted: boolean
  /** After a failed renewal: the age at which the renewal is tried again. */
  retryAge: number
}

/** The error codes for a credential that the server does not know, or that has expired. */
const UNKNOWN_CODES: ReadonlySet<unknown> = new Set<MacErrorCode>([
  'ERR_MAC_REJECTED',
  'ERR_MAC_EXPIRED',
])
/** A credential that no server ever accepted is renewed after a 401 only from this age on, in seconds. */
const MIN_AGE_IF_NEVER_ACCEPTED = 60

/** Keeps a credential of a token endpoint, and renews it. All requests share one renewal. */
export class CredentialKeeper implements CredentialSource {
  readonly #obtain: () => Promise<AgedCredential>
  readonly #pause: EndpointPause
  readonly #renewBefore: number | undefined
  #kept: CurrentCredential | null = null
  #renewal: Promise<CurrentCredential> | null = null

  constructor(
    obtain: () => Promise<AgedCredential>,
    pause: EndpointPause,
    renewBeforeSeconds: number | undefined,
  ) {
    this.#obtain = obtain
    this.#pause = pause
    this.#renewBefore = renewBeforeSeconds
  }

  async current(signal: AbortSignal | null | undefined): Promise<SigningCredential> {
    const kept = this.#kept
    if (kept !== null) {
      const { renewBefore, credential } = kept
      const left = secondsLeft(kept)
      const paused = kept.age() < kept.retryAge
      if (left > renewBefore / 2 || (left > 0 && paused)) {
        // No request waits for this renewal. If it fails, a later request tries again.
        if (left <= renewBefore && !paused) this.#renew().catch(() => {})
        return credential
      }
    }
    signal?.throwIfAborted()
    try {
      return (await unlessAborted(this.#renew(), signal)).credential
    } catch (error) {
      signal?.throwIfAborted()
      const last = this.#kept
      if (last === null || !this.#hasValidCredential()) throw error
      return last.credential
    }
  }

  accepted(credential: SigningCredential): void {
    if (this.#kept?.credential === credential) this.#kept.accepted = true
  }

  /**
   * Drops a credential that a server no longer knows. It keeps one that is new and was never accepted:
   * there the cause is probably another one, such as a wrong origin, which a new credential does not
   * change. Each request would then ask for a new credential.
   */
  rejected(credential: SigningCredential, code: unknown): boolean {
    if (!UNKNOWN_CODES.has(code)) return false
    const kept = this.#kept
    if (kept?.credential !== credential) return true
    if (!kept.accepted && kept.age() < MIN_AGE_IF_NEVER_ACCEPTED) return false
    this.#kept = null
    return true
  }

  #renew(): Promise<CurrentCredential> {
    this.#renewal ??= this.#obtainAndKeep().finally(() => {
      this.#renewal = null
    })
    return this.#renewal
  }

  async #obtainAndKeep(): Promise<CurrentCredential> {
    if (!this.#hasValidCredential()) this.#pause.check()
    const issued = await this.#obtain().catch((error: unknown) => {
      throw this.#renewalError(error)
    })
    this.#pause.end()
    const { lifetime } = issued
    const renewBefore = Math.min(this.#renewBefore ?? Math.min(30, lifetime / 10), lifetime / 2)
    this.#kept = { ...issued, renewBefore, accepted: false, retryAge: 0 }
    return this.#kept
  }

  /** Returns the error for the waiting requests. If the endpoint failed, a pause begins. */
  #renewalError(error: unknown): unknown {
    const kept = this.#kept
    const endpointFailed = error instanceof TokenFailure
    if (kept !== null) {
      const wait = endpointFailed ? (error.retryAfter ?? 0) : 0
      kept.retryAge = kept.age() + Math.max(kept.renewBefore / 10, wait)
    }
    return endpointFailed ? this.#pause.begin(error, this.#hasValidCredential()) : error
  }

  #hasValidCredential(): boolean {
    return this.#kept !== null && secondsLeft(this.#kept) > 0
  }
}

/** How many seconds a credential is still valid. */
function secondsLeft({ lifetime, age }: CurrentCredential): number {
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

/** The pause after the first failure, in seconds. It doubles with each further failure, up to the maximum. */
const MIN_PAUSE_SECONDS = 1
const MAX_PAUSE_SECONDS = 30

/** A failure, and the pause after it. */
interface Pause {
  readonly error: MacError
  readonly seconds: number
  readonly age: Stopwatch
}

/** Makes the client wait before it asks a token endpoint again that gave no credential. */
export class EndpointPause {
  readonly #now: (() => number) | undefined
  #pause: Pause | null = null
  #next = MIN_PAUSE_SECONDS

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
   * @param hasValidCredential Whether the old credential is still valid. Then the pauses do not grow, so that
   *   the endpoint is asked again soon if requests need the new one.
   * @returns The error for all requests that wait, and for those that come during the pause.
   */
  begin(failure: TokenFailure, hasValidCredential: boolean): MacError {
    const seconds = failure.retryAfter ?? (hasValidCredential ? MIN_PAUSE_SECONDS : this.#next)
    if (!hasValidCredential) this.#next = Math.min(this.#next * 2, MAX_PAUSE_SECONDS)
    const error = pauseError(failure, (this.#now ?? systemClock)() + seconds)
    this.#pause = { error, seconds, age: startStopwatch(this.#now) }
    return error
  }

  /** Ends the pause: the endpoint gave a credential. */
  end(): void {
    this.#pause = null
    this.#next = MIN_PAUSE_SECONDS
  }
}

function pauseError({ message, cause }: TokenFailure, until: number): MacError {
  const options = cause === undefined ? {} : { cause }
  return new MacError('ERR_MAC_CLIENT_TOKEN', `${message}${describePauseEnd(until)}`, options)
}

function describePauseEnd(seconds: number): string {
  const date = new Date(Math.ceil(seconds) * 1000)
  // The option now may return any number.
  if (Number.isNaN(date.getTime())) return ''
  return ` It is not asked again before ${date.toISOString().replace('.000Z', 'Z')}.`
}
