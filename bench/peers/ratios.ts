import type { Goal } from '../report/goals.ts'
import { type Figure, ratio } from '../report/statistics.ts'
import type { RuntimeName } from '../setup/runtimes.ts'
import type { Durability } from '../withmac.ts'
import type { Measured } from './rounds.ts'

/** What a runtime's contenders came to. */
export interface Measurement {
  readonly runtime: RuntimeName
  readonly title: string
  readonly measured: readonly Measured[]
}

/** Times of Hawk's time, of ours and of the limit, with what they should be. */
const WANTED = {
  bun: { core: 3, normal: 2.9, full: 15 },
  'node-24': { core: 2.8, normal: 2.9, full: 15 },
} as const

/** The ratios that the library strives for, on one runtime. */
export function goalsOf({ runtime, title, measured }: Measurement): Goal[] {
  const wanted = WANTED[runtime === 'bun' ? 'bun' : 'node-24']
  const times = (one: [string, number], other: [string, number]): Figure =>
    ratio(runsOf(measured, ...one), runsOf(measured, ...other))
  const goal = (what: string, measured: Figure, bound: Partial<Goal>): Goal => ({
    what,
    where: title,
    measured,
    ...bound,
  })
  const durabilities: readonly Durability[] = ['normal', 'full']
  return [
    goal('Hawk without nonces ÷ withmac without store', times(['hawk', 1], ['withmac', 1]), {
      atLeast: wanted.core,
    }),
    ...durabilities.map((durability) =>
      goal(
        `withmac ÷ the limit, 64 in flight, ${durability}`,
        times([`withmac-${durability}`, 64], [`limit-${durability}`, 64]),
        { atMost: 1.25 },
      ),
    ),
    ...durabilities.map((durability) =>
      goal(
        `Hawk on SQLite ÷ withmac, 64 in flight, ${durability}`,
        times([`hawk-sqlite-${durability}`, 64], [`withmac-${durability}`, 64]),
        { atLeast: wanted[durability] },
      ),
    ),
    ...durabilities.map((durability) =>
      goal(
        `withmac, ${durability} ÷ Hawk with a Set, 512 in flight`,
        times([`withmac-${durability}`, 512], ['hawk-set', 512]),
        { atMost: 1 },
      ),
    ),
  ]
}

function runsOf(measured: readonly Measured[], key: string, inFlight: number): readonly number[] {
  const found = measured.find((one) => one.key === key && one.inFlight === inFlight)
  if (found === undefined) throw new Error(`${key} with ${inFlight} in flight was not measured.`)
  return found.runs
}
