import { isTimestamp, LATEST_PLAUSIBLE } from '../protocol/parameters.ts'

/**
 * The longest time, in seconds, between a request and an answer whose time is believed. Someone on
 * the way who holds an answer back makes its time an old one, however well it is authenticated.
 */
const PATIENCE = 60

/** The system's clock, in seconds since 1970. */
export function systemClock(): number {
  return Date.now() / 1000
}

/**
 * The timestamp of a moment, as it is sent (draft §3.1).
 * @throws TypeError where a clock gives no number of seconds.
 */
export function timestampOf(seconds: number): string {
  const ts = String(Math.floor(seconds))
  if (seconds < LATEST_PLAUSIBLE && isTimestamp(ts)) return ts
  throw new TypeError(
    `withmac: ${seconds} is no time in seconds since 1970; the option now is () => Date.now() / 1000.`,
  )
}

/** How far the clocks of servers are from ours, as far as it is known. */
export class ServerClocks {
  readonly #initial: number
  /** Seconds to add to our clock, by origin. None gets in here without the key. */
  readonly #offsets = new Map<string, number>()

  constructor(initial: number) {
    this.#initial = initial
  }

  offsetOf(origin: string): number {
    return this.#offsets.get(origin) ?? this.#initial
  }

  /**
   * Learns from a server's time, which must be authenticated. It was read before the answer came, so
   * that by our clock at that moment the offset is never too large: a timestamp of the future could
   * be held back, and used later.
   *
   * Whether to try again is asked of the request alone: another one may have learned the same before
   * its answer came.
   *
   * @returns Whether the request was signed with a time so wrong that this is why it was refused. Not if
   *   the answer took longer than that: then the delay may be the reason, and an earlier copy of the
   *   request may have been accepted.
   */
  learn(origin: string, serverTime: number, { sent, answered, offset }: Exchange): boolean {
    const took = answered - sent
    const measured = serverTime - answered
    if (took >= 0 && took <= PATIENCE && Math.abs(measured - this.offsetOf(origin)) >= 1) {
      this.#offsets.set(origin, measured)
    }
    return Math.abs(this.offsetOf(origin) - offset) >= Math.max(1, took)
  }
}

/** A request and its answer, by our clock. */
interface Exchange {
  /** When the request was sent. */
  readonly sent: number
  /** When its answer came. */
  readonly answered: number
  /** What was added to our clock for the timestamp of this request. */
  readonly offset: number
}

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
