import { benchArguments } from '../setup/arguments.ts'
import type { Figure } from './statistics.ts'
import { number, spread, table } from './table.ts'

/** A ratio, with its goal if it has one. */
export interface Goal {
  readonly what: string
  readonly where: string
  readonly measured: Figure
  readonly atLeast?: number
  readonly atMost?: number
  /** The unit after the number, if it is not a ratio. */
  readonly unit?: string
}

/**
 * Returns a table of the measurements and their goals. It is only informative: no check depends on it. A short
 * run has figures that mean nothing, and so it shows no goals.
 */
export function goalsTable(goals: readonly Goal[]): string {
  const { short } = benchArguments()
  return table(
    ['ratio', 'on', 'median', 'quartiles', ...(short ? [] : ['goal', ''])],
    goals.map((goal) => {
      const { what, where, measured, unit = '' } = goal
      const figures = [what, where, `${number(measured.median)}${unit}`, spread(measured)]
      return short ? figures : [...figures, wanted(goal), verdict(goal)]
    }),
  )
}

function wanted({ atLeast, atMost, unit = '' }: Goal): string {
  if (atLeast !== undefined) return `≥ ${atLeast}${unit}`
  return atMost === undefined ? '' : `≤ ${atMost}${unit}`
}

function verdict({ measured: { median }, atLeast, atMost }: Goal): string {
  if (atLeast === undefined && atMost === undefined) return ''
  const met = median >= (atLeast ?? -Infinity) && median <= (atMost ?? Infinity)
  return met ? 'met' : 'missed'
}
