import { benchArguments } from '../setup/arguments.ts'
import type { Figure } from './statistics.ts'
import { number, spread, table } from './table.ts'

/** A ratio that the library strives for, or one that has no goal but is worth a look. */
export interface Goal {
  readonly what: string
  readonly where: string
  readonly measured: Figure
  readonly atLeast?: number
  readonly atMost?: number
  /** What comes after the number, where it is no ratio. */
  readonly unit?: string
}

/**
 * The goals beside what was measured. For information: no check depends on it, and a short run, whose
 * figures mean nothing, is held against none.
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
