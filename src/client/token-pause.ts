import { MacError } from '../errors.ts'
import { systemClock } from './clock.ts'
import { type Stopwatch, startStopwatch } from './token-clock.ts'
import type { TokenFailure } from './token-failure.ts'

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
