/** How long turns of the event loop take, in milliseconds. */
export interface Pauses {
  readonly longest: number
  /** One of a thousand turns takes longer than this. */
  readonly p999: number
}

/** Measures the turns of the event loop between `begin` and `end`. */
export function watchPauses(): { begin(): void; end(): Pauses } {
  const turns: number[] = []
  let last = Number.NaN
  let watching = false
  const tick = () => {
    const now = performance.now()
    turns.push(now - last)
    last = now
    if (watching) setImmediate(tick)
  }
  return {
    begin() {
      watching = true
      last = performance.now()
      setImmediate(tick)
    },
    end() {
      watching = false
      turns.push(performance.now() - last)
      turns.sort((one, other) => one - other)
      const at = (share: number) => turns[Math.floor(share * (turns.length - 1))] ?? Number.NaN
      return { longest: at(1), p999: at(0.999) }
    },
  }
}
