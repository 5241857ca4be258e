/** The counts of a round. */
export class Tally {
  fresh = 0
  accepted = 0
  replays = 0
  /** Requests without an answer. */
  unanswered = 0
  /** How often fresh requests were rejected, by reason. */
  readonly rejected: Map<string, number> = new Map()

  reject(reason: string): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1)
  }

  /** @returns How often fresh requests were rejected for one of these reasons. */
  count(...reasons: readonly string[]): number {
    return reasons.reduce((sum, reason) => sum + (this.rejected.get(reason) ?? 0), 0)
  }

  add(other: Tally): void {
    this.fresh += other.fresh
    this.accepted += other.accepted
    this.replays += other.replays
    this.unanswered += other.unanswered
    for (const [reason, times] of other.rejected) {
      this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + times)
    }
  }

  toString(): string {
    return (
      `${this.fresh} fresh, ${this.accepted} accepted, ${this.unanswered} unanswered, ` +
      `rejected: ${listed(this.rejected)}; ${this.replays} replays tried`
    )
  }
}

/** @returns How often requests were rejected, by reason, the most frequent reason first. */
export function listed(rejected: ReadonlyMap<string, number>): string {
  const reasons = [...rejected].toSorted(([, one], [, two]) => two - one)
  return reasons.map(([reason, times]) => `${times} ${short(reason)}`).join(', ') || 'none'
}

/** Shortens `401 ERR_MAC_TIMESTAMP_STALE` to `stale`. */
function short(reason: string): string {
  const name = reason.replace(/^\d+ ERR_MAC_(TIMESTAMP_)?/, '').toLowerCase()
  return name.replaceAll('_', ' ')
}
