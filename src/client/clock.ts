import { isTimestamp, MAX_PLAUSIBLE_SECONDS } from '../protocol/parameters.ts'

/**
 * A server's time is used only if its response comes within so many seconds. An attacker on the way can
 * hold a response back, and its time is then old, even if it is authenticated.
 */
const MAX_RESPONSE_SECONDS = 60

/**
 * The system's clock, in seconds since 1970. `callback.ts` has one as well: the client does not import it,
 * because that file loads timers of Node, and the client loads only `node:crypto`.
 */
export function systemClock(): number {
  return Date.now() / 1000
}

/**
 * Formats a time as a timestamp (draft §3.1).
 * @throws TypeError if it is not a number of seconds since 1970.
 */
export function formatTimestamp(seconds: number): string {
  const ts = String(Math.floor(seconds))
  if (seconds < MAX_PLAUSIBLE_SECONDS && isTimestamp(ts)) return ts
  throw new TypeError(
    `withmac: ${seconds} is not a time in seconds since 1970, such as Date.now() / 1000.`,
  )
}

/** The offsets between our clock and the clocks of servers, as far as they are known. */
export class ServerClocks {
  readonly #initial: number
  /** Seconds to add to our clock, by origin. Each is authenticated with the key. */
  readonly #offsets = new Map<string, number>()

  constructor(initial: number) {
    this.#initial = initial
  }

  offsetOf(origin: string): number {
    return this.#offsets.get(origin) ?? this.#initial
  }

  /**
   * Learns the offset from a server's time. It does *not* authenticate that time: the caller must.
   *
   * The server read its clock before its response came here. So the offset is never too large, and no
   * timestamp lies in the future: an attacker could hold such a request back, and use it later.
   *
   * @returns Whether the clock was so wrong that the server rejected the request for it, so that trying
   *   again helps. It depends on the offset of this request, since another request may have learned the
   *   right one in the meantime. `false` if the response took longer than the clock was off: then the delay
   *   may be the reason, and an earlier copy of the request may have been accepted.
   */
  learnOffset(
    origin: string,
    serverTime: number,
    { sent, received, offset }: RequestTiming,
  ): boolean {
    const took = received - sent
    const measured = serverTime - received
    if (
      took >= 0 &&
      took <= MAX_RESPONSE_SECONDS &&
      Math.abs(measured - this.offsetOf(origin)) >= 1
    ) {
      this.#offsets.set(origin, measured)
    }
    return Math.abs(this.offsetOf(origin) - offset) >= Math.max(1, took)
  }
}

/** The times of a request and its response, by our clock. */
interface RequestTiming {
  /** The time at which the request was sent. */
  readonly sent: number
  /** The time at which its response came. */
  readonly received: number
  /** The offset that was added to our clock for the timestamp of this request. */
  readonly offset: number
}

/** Returns how many seconds have passed since the stopwatch was started. */
export type Stopwatch = () => number

/**
 * Starts a stopwatch. The system clock may be set back, and on many systems the monotonic clock stops
 * while they sleep. So the one that has advanced further counts: nothing is used longer than it is valid.
 *
 * @param now A clock in seconds since 1970. If it is given, only this clock counts.
 */
export function startStopwatch(now: (() => number) | undefined): Stopwatch {
  if (now !== undefined) {
    const start = now()
    return () => now() - start
  }
  const system = Date.now()
  const monotonic = performance.now()
  return () => Math.max(Date.now() - system, performance.now() - monotonic) / 1000
}
