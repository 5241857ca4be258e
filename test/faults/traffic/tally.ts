/** What was counted in a round. */
export class Tally {
  fresh = 0
  passed = 0
  replays = 0
  /** Requests that no answer came to. */
  unanswered = 0
  /** How often fresh requests were refused, by the reason. */
  readonly refused: Map<string, number> = new Map()

  refuse(reason: string): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1)
  }

  /** How often fresh requests were refused for one of these reasons. */
  count(...reasons: readonly string[]): number {
    return reasons.reduce((sum, reason) => sum + (this.refused.get(reason) ?? 0), 0)
  }

  add(other: Tally): void {
    this.fresh += other.fresh
    this.passed += other.passed
    this.replays += other.replays
    this.unanswered += other.unanswered
    for (const [reason, times] of other.refused) {
      this.refused.set(reason, (this.refused.get(reason) ?? 0) + times)
    }
  }

  toString(): string {
    const reasons = [...this.refused].toSorted(([, one], [, two]) => two - one)
    const told = reasons.map(([reason, times]) => `${times} ${short(reason)}`).join(', ')
    return (
      `${this.fresh} fresh, ${this.passed} let in, ${this.unanswered} unanswered, ` +
      `refused: ${told || 'none'}; ${this.replays} replays tried`
    )
  }
}

/** `401 ERR_MAC_TIMESTAMP_STALE` as `stale`. */
function short(reason: string): string {
  const name = reason.replace(/^\d+ ERR_MAC_(TIMESTAMP_)?/, '').toLowerCase()
  return name.replaceAll('_', ' ')
}
