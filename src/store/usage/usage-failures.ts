/** For how long the use of credentials is not written once that failed, in seconds. */
const PAUSE = 60

/** Knows whether the use of credentials could not be written lately, and tells the operator of it. */
export class UsageFailures {
  #since = Number.NEGATIVE_INFINITY

  /**
   * Whether it failed within the last minute: then it is not tried with every batch.
   * @param now The server's clock, in seconds, here and below.
   */
  lately(now: number): boolean {
    return Math.abs(now - this.#since) < PAUSE
  }

  /** @param name What the operator knows the database by. */
  tell(name: string, now: number, error: unknown): void {
    this.#since = now
    console.error(
      `withmac: ${name}: the use of credentials cannot be written, and is left out for a minute. Requests ` +
        'are verified as before, and lastUsed and failures stay behind.',
      error,
    )
  }
}
