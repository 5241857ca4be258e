/** A clock for a server. It stands still until a test sets it. */
export class Clock {
  seconds = 1_700_000_000
  readonly now = (): number => this.seconds
}
