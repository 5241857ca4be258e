import type { Goal } from '../report/goals.ts'
import { ratio } from '../report/statistics.ts'
import type { RuntimeName } from '../setup/runtimes.ts'
import type { Measured } from './rounds.ts'

/** The results of all contenders on one runtime. */
export interface Measurement {
  readonly runtime: RuntimeName
  readonly title: string
  readonly measured: readonly Measured[]
}

/** The key of a contender, and how many requests it has in flight. */
type Setting = readonly [key: string, inFlight: number]

/** @returns The ratios for one runtime. Some have goals, others are only informative. */
export function goalsOf({ runtime, title, measured }: Measurement): Goal[] {
  const times = (what: string, one: Setting, other: Setting, bound: Partial<Goal> = {}): Goal[] => {
    const [ours, theirs] = [runsOf(measured, one), runsOf(measured, other)]
    if (ours === null || theirs === null) return []
    return [{ what, where: title, measured: ratio(ours, theirs), ...bound }]
  }
  return [
    ...times('Hawk without nonces ÷ withmac without store', ['hawk', 1], ['withmac', 1], {
      atLeast: runtime === 'bun' ? 3 : 2.2,
    }),
    ...times('Hawk with a Set ÷ withmac, 64 in flight', ['hawk-set', 64], ['withmac-file', 64], {
      atLeast: 1.2,
    }),
    ...times('the same, in 2 waves of 32', ['hawk-set', 64], ['withmac-file-2', 64]),
    ...times('Hawk with a Set ÷ withmac, 512 in flight', ['hawk-set', 512], ['withmac-file', 512]),
    ...times('Hawk on SQLite ÷ withmac, 64 in flight', ['hawk-sqlite', 64], ['withmac-file', 64]),
    ...times('withmac ÷ the limit, 64 in flight', ['withmac-file', 64], ['limit', 64]),
    ...times('withmac ÷ before, a lone request', ['withmac-file', 1], ['withmac-before', 1], {
      atMost: 1.1,
    }),
    ...times('withmac ÷ before, 64 in flight', ['withmac-file', 64], ['withmac-before', 64]),
  ]
}

/** @returns The runs of a contender. `null` for an earlier version that was not given. */
function runsOf(measured: readonly Measured[], [key, inFlight]: Setting): readonly number[] | null {
  const found = measured.find((one) => one.key === key && one.inFlight === inFlight)
  if (found === undefined && key !== 'withmac-before') {
    throw new Error(`${key} with ${inFlight} in flight was not measured.`)
  }
  return found?.runs ?? null
}
