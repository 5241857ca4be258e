/** Tells how many seconds have gone by since it was made. */
export type Stopwatch = () => number

/**
 * Starts a stopwatch. A system's clock may be set back, and the monotonic one of many systems stands
 * still while they sleep: the one that has gone further counts, so that nothing is held for valid too
 * long.
 *
 * @param now A clock in seconds since 1970, which then counts alone.
 */
export function startStopwatch(now: (() => number) | undefined): Stopwatch {
  if (now !== undefined) {
    const start = now()
    return () => now() - start
  }
  const wall = Date.now()
  const steady = performance.now()
  return () => Math.max(Date.now() - wall, performance.now() - steady) / 1000
}
