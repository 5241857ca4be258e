import { LATEST_PLAUSIBLE } from '../protocol/parameters.ts'

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
