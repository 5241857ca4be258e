import { spyOn } from './runner.ts'

/** The system's clock, which stands still and is moved by hand, until the end of the scope. */
export interface SystemTime extends Disposable {
  advance(seconds: number): void
}

/** What goes by `Date.now()` goes by this; timers do not. */
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
