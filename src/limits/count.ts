/** How much of a budget is used up, and until when. */
export interface Count {
  /** How many were counted in the window that is open. */
  readonly used: number
  /** When the window ends and counting begins anew, in milliseconds since 1970 by the system's clock. */
  readonly resetAt: number
}

/** Where several processes count together. */
export interface Counter {
  /**
   * Counts one, and gives how many there are in the window, which the first one opens; `null` where that
   * cannot be done now.
   *
   * @param seconds How long a window is.
   */
  add(key: string, seconds: number): Promise<Count | null>
  /**
   * Makes ready what is needed to count.
   * @throws TypeError where a package is not installed.
   */
  ready(): Promise<void>
  /** Closes what was opened for it. */
  close(): Promise<void>
}

/** What rate-limiter-flexible says of a key. */
interface Consumed {
  readonly consumedPoints: number
  readonly msBeforeNext: number
}

/**
 * Its answer in our words.
 * @param seconds How long a window is.
 */
export function countOf({ consumedPoints, msBeforeNext }: Consumed, seconds: number): Count {
  const count = { used: consumedPoints, resetAt: Date.now() + msBeforeNext }
  return withinWindow(count, seconds)
}

/** A count whose window ends no later than one that begins now: it would where the clock was set back. */
export function withinWindow(count: Count, seconds: number): Count {
  const latest = Date.now() + seconds * 1000
  return count.resetAt <= latest ? count : { ...count, resetAt: latest }
}
