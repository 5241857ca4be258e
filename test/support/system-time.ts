import { spyOn } from './runner.ts'

/** A replacement for the system clock, until the end of its scope. It stands still until `advance`. */
export interface SystemTime extends Disposable {
  advance(seconds: number): void
}

/** Replaces `Date.now()`. Timers still use the real time. */
export function systemTime(): SystemTime {
  let now = Date.now()
  const spy = spyOn(Date, 'now').mockImplementation(() => now)
  return {
    advance(seconds) {
      now += seconds * 1000
    },
    [Symbol.dispose]: () => spy.mockRestore(),
  }
}
