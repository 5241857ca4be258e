import { run } from 'mitata'
import { giveBack, given } from '../setup/run-on.ts'
import { benchProtocol } from './protocol.ts'

/** One piece, in nanoseconds for a call. */
export interface MicroResult {
  readonly name: string
  readonly median: number
  readonly low: number
  readonly high: number
}

const { short } = given<{ short: boolean }>()
benchProtocol()
const { benchmarks } = await run({
  throw: true,
  colors: false,
  format: short ? 'quiet' : 'mitata',
  print: (line: string) => console.error(line),
})
const results = benchmarks.flatMap(({ alias, runs }): MicroResult[] =>
  runs.flatMap(({ stats }) =>
    stats === undefined
      ? []
      : [{ name: alias, median: stats.p50, low: stats.p25, high: stats.p75 }],
  ),
)
giveBack(results)
