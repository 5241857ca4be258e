/** A measured figure: the median of several runs, and their quartiles. */
export interface Figure {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** @returns The median of several runs, and their quartiles. */
export function figure(runs: readonly number[]): Figure {
  if (runs.length === 0) throw new Error('There are no runs to take a median of.')
  const sorted = [...runs].sort((one, other) => one - other)
  return { median: at(sorted, 0.5), low: at(sorted, 0.25), high: at(sorted, 0.75) }
}

/**
 * Divides one by the other, run by run. Both ran in the same rounds, so a disturbance of a round affects both.
 */
export function ratio(one: readonly number[], other: readonly number[]): Figure {
  return figure(one.map((value, round) => value / (other[round] ?? Number.NaN)))
}

/** @returns The value at a share of sorted values, interpolated between its two neighbours. */
function at(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1)
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}
