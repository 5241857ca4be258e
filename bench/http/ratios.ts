import type { Goal } from '../report/goals.ts'
import { ratio } from '../report/statistics.ts'
import type { RuntimeName } from '../setup/runtimes.ts'
import type { Kind } from './kinds.ts'
import type { HttpRun } from './run-once.ts'

/** All runs of a runtime. */
export interface HttpMeasurement {
  readonly runtime: RuntimeName
  readonly title: string
  readonly runs: Readonly<Record<Kind, HttpRun[]>>
}

/** The least share of the plain handler's rate, and how many times Hawk's. Deno has no goal. */
const WANTED: Partial<Record<RuntimeName, { readonly plain: number; readonly hawk: number }>> = {
  bun: { plain: 0.4, hawk: 2.5 },
  'node-24': { plain: 0.6, hawk: 2 },
}

/** The ratios that the library strives for, on one runtime. */
export function httpGoals({ runtime, title, runs }: HttpMeasurement): Goal[] {
  const wanted = WANTED[runtime]
  const rates = (kind: Kind) => runs[kind].map(({ rate }) => rate)
  const p99 = (kind: Kind) => runs[kind].map((run) => run.p99)
  const kinds: readonly Kind[] = ['normal', 'full']
  return kinds.flatMap((kind): Goal[] => [
    {
      what: `withmac, ${kind} ÷ plain, requests a second`,
      where: title,
      measured: ratio(rates(kind), rates('plain')),
      ...(wanted && { atLeast: wanted.plain }),
    },
    {
      what: `withmac, ${kind} ÷ Hawk, requests a second`,
      where: title,
      measured: ratio(rates(kind), rates('hawk')),
      ...(wanted && { atLeast: wanted.hawk }),
    },
    {
      what: `withmac, ${kind} ÷ Hawk, p99`,
      where: title,
      measured: ratio(p99(kind), p99('hawk')),
      ...(wanted && { atMost: 1 }),
    },
  ])
}
