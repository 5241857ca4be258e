import { MacError } from '../errors.ts'
import { type Stopwatch, startStopwatch, systemClock } from './clock.ts'
import type { Signer } from './credential.ts'
import type { Signers } from './signing-fetch.ts'
import { type Token, TokenFailure } from './token-request.ts'

/** A credential, and when it was asked for. */
interface DatedToken extends Token {
  readonly age: Stopwatch
}

interface Held extends DatedToken {
  /** How long before its end it is renewed, in seconds. */
  readonly renewBefore: number
  /** Whether a server took what was signed with it. */
  accepted: boolean
  /** The age before which it is not tried again to renew it, since that failed. */
  retryAge: number
}

/** What withmac calls a credential that it does not know, or no longer. */
const UNKNOWN: ReadonlySet<unknown> = new Set(['ERR_MAC_REJECTED', 'ERR_MAC_EXPIRED'])
/** How old a credential must be to be renewed where no server has ever taken it, in seconds. */
const DOUBTFUL_AGE = 60

/** Keeps a credential and renews it, once for all who wait. */
export class TokenKeeper implements Signers {
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
        // Nobody waits for it, and those who come later make up for it where it fails.
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
      if (last === null || !this.#inHand()) throw error
      return last.signer
    }
  }

  accepted(signer: Signer): void {
    if (this.#held?.signer === signer) this.#held.accepted = true
  }

  /**
   * Gives up a credential that a server no longer knows. Not one that is new and was never taken: what
   * keeps its requests from being let in, such as a wrong origin, would keep those of the next as well,
   * and each of them would ask for another.
   */
  refused(signer: Signer, code: unknown): boolean {
    if (!UNKNOWN.has(code)) return false
    const held = this.#held
    if (held?.signer !== signer) return true
    if (!held.accepted && held.age() < DOUBTFUL_AGE) return false
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
    if (!this.#inHand()) this.#pause.check()
    const token = await this.#obtain().catch((error: unknown) => {
      throw this.#failed(error)
    })
    this.#pause.end()
    const { lifetime } = token
    const renewBefore = Math.min(this.#renewBefore ?? Math.min(30, lifetime / 10), lifetime / 2)
    this.#held = { ...token, renewBefore, accepted: false, retryAge: 0 }
    return this.#held
  }

  /** What is told of a failure. Only one of the endpoint makes that be left alone for a while. */
  #failed(error: unknown): unknown {
    const held = this.#held
    const ofEndpoint = error instanceof TokenFailure
    if (held !== null) {
      const wait = ofEndpoint ? (error.retryAfter ?? 0) : 0
      held.retryAge = held.age() + Math.max(held.renewBefore / 10, wait)
    }
    return ofEndpoint ? this.#pause.begin(error, this.#inHand()) : error
  }

  #inHand(): boolean {
    return this.#held !== null && leftOf(this.#held) > 0
  }
}

/** How long a credential is still valid, in seconds. */
function leftOf({ lifetime, age }: Held): number {
  return lifetime - age()
}

/** What a promise comes to, unless the signal comes first; the promise itself goes on. */
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

/** The pause after a first failure, in seconds; it doubles with each that follows. */
const FIRST_PAUSE = 1
const LONGEST_PAUSE = 30

/** A failure, and for how long it counts. */
interface Pause {
  readonly error: MacError
  readonly seconds: number
  readonly age: Stopwatch
}

/** Keeps a token endpoint that gave no credential from being asked again at once. */
export class TokenPause {
  readonly #now: (() => number) | undefined
  #pause: Pause | null = null
  #next = FIRST_PAUSE

  /** @param now A clock in seconds since 1970, in place of the system's. */
  constructor(now: (() => number) | undefined) {
    this.#now = now
  }

  /** @throws {@link MacError} that of the last failure, while its pause lasts. */
  check(): void {
    const pause = this.#pause
    if (pause !== null && pause.age() < pause.seconds) throw pause.error
  }

  /**
   * Begins a pause.
   * @param inHand Whether there is still a credential, so that nobody waited for the answer: then the
   *   pauses do not grow, and requests are soon served again where they need the next one.
   * @returns What is told to those who wait, and to those who ask while it lasts.
   */
  begin(failure: TokenFailure, inHand: boolean): MacError {
    const seconds = failure.retryAfter ?? (inHand ? FIRST_PAUSE : this.#next)
    if (!inHand) this.#next = Math.min(this.#next * 2, LONGEST_PAUSE)
    const error = publicError(failure, (this.#now ?? systemClock)() + seconds)
    this.#pause = { error, seconds, age: startStopwatch(this.#now) }
    return error
  }

  /** A credential has come. */
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
  // A clock that is given may be any.
  if (Number.isNaN(date.getTime())) return ''
  return ` It is not asked again before ${date.toISOString().replace('.000Z', 'Z')}.`
}
