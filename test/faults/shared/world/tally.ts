import { listed } from '../../traffic/tally.ts'
import type { Purpose } from './world.ts'

/** The counts of a round. */
export class Tally {
  readonly sent: Record<Purpose, number> = { fresh: 0, copy: 0, replay: 0 }
  accepted = 0
  /** Replays that got a 503, and so show nothing. */
  unansweredReplays = 0
  /** How many nonces were accepted more than once. */
  twice = 0
  /** How many answers came after the deadline and the slack. */
  late = 0
  /** In milliseconds. */
  slowest503 = 0
  /** How often requests other than replays were rejected, by reason. */
  readonly rejected: Map<string, number> = new Map()

  reject(outcome: string): void {
    this.rejected.set(outcome, (this.rejected.get(outcome) ?? 0) + 1)
  }

  add(other: Tally): void {
    for (const purpose of ['fresh', 'copy', 'replay'] as const) {
      this.sent[purpose] += other.sent[purpose]
    }
    this.accepted += other.accepted
    this.unansweredReplays += other.unansweredReplays
    this.twice += other.twice
    this.late += other.late
    this.slowest503 = Math.max(this.slowest503, other.slowest503)
    for (const [outcome, times] of other.rejected) {
      this.rejected.set(outcome, (this.rejected.get(outcome) ?? 0) + times)
    }
  }

  get failures(): number {
    return [...this.rejected]
      .filter(([outcome]) => outcome.startsWith('503'))
      .reduce((sum, [, times]) => sum + times, 0)
  }

  toString(): string {
    const { fresh, copy, replay } = this.sent
    const slowest =
      this.failures === 0 ? '' : ` (the slowest after ${Math.round(this.slowest503)} ms)`
    return (
      `${fresh + copy + replay} requests, ${this.accepted} accepted, ${copy} copies, ${replay - this.unansweredReplays} replays; ` +
      `rejected, replays aside: ${listed(this.rejected)}; 503: ${this.failures}${slowest}; ` +
      `accepted twice: ${this.twice}`
    )
  }
}
