/** How often each outcome occurred, and how long the slowest answer took. */
export class Counts {
  readonly #counts = new Map<string, number>()
  slowest = 0

  add(outcome: string, milliseconds = 0): void {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1)
    this.slowest = Math.max(this.slowest, milliseconds)
  }

  of(outcome: string): number {
    return this.#counts.get(outcome) ?? 0
  }

  get sum(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  toString(): string {
    const sorted = [...this.#counts].toSorted(([, one], [, two]) => two - one)
    return sorted.map(([outcome, count]) => `${count} × ${short(outcome)}`).join(', ') || 'none'
  }
}

/** Shortens `401 ERR_MAC_REPLAY` to `401 REPLAY`. A page of nginx has no code. */
function short(outcome: string): string {
  return outcome.replace('ERR_MAC_', '').replace(/<.*/s, 'by nginx').trim()
}
