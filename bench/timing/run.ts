import { report } from '../report/results.ts'
import { number, table } from '../report/table.ts'
import { benchArguments } from '../setup/arguments.ts'
import { runOn } from '../setup/run-on.ts'
import { findRuntime, type RuntimeName } from '../setup/runtimes.ts'
import type { TimingResult, TimingSettings } from './measure.ts'

/*
 * Whether the time of a rejection shows which identifiers exist.
 */

const options = benchArguments()
const settings: TimingSettings = options.short
  ? { pairs: 50, credentials: 10 }
  : { pairs: 2000, credentials: 1000 }
const names: readonly RuntimeName[] = ['bun', 'node-24', 'deno']
const measured: { readonly title: string; readonly results: readonly TimingResult[] }[] = []
for (const name of names) {
  const runtime = await findRuntime(name)
  console.error(runtime.title)
  const results = await runOn<TimingResult[]>(runtime, 'timing/measure.ts', settings)
  measured.push({ title: runtime.title, results })
}

const HOW = `Pairs of requests with a wrong MAC, in one process and in random order: one has an existing identifier, the other
an unknown one. The table shows the share of pairs in which the existing identifier took longer, with its 95 % interval,
and the medians of both in microseconds. At 50 % the time of an answer reveals nothing. In the first line neither
identifier exists, which shows the effect of chance. There are ${settings.credentials.toLocaleString('en-US')} credentials of each kind, in a separate file,
and each is probed once before any is probed again.`
const rows = (measured[0]?.results ?? []).map(({ kind }, at) => [
  kind,
  ...measured.flatMap(({ results }) => cells(results[at])),
])
const head = ['', ...measured.flatMap(({ title }) => [title, 'µs'])]
report('timing', `## Identifiers by time\n\n${HOW}\n\n${table(head, rows)}`, options)

function cells(result: TimingResult | undefined): [string, string] {
  if (result === undefined) return ['', '']
  const { longer, pairs, existing, unknown } = result
  const share = longer / pairs
  const [low, high] = interval(share, pairs).map((bound) => (100 * bound).toFixed(1))
  const text = `${(100 * share).toFixed(1)} % (${low} to ${high})`
  return [text, `${number(existing)}, ${number(unknown)}`]
}

/** Wilson's interval of 95 % around a share. */
function interval(share: number, count: number): [number, number] {
  const z = 1.96
  const middle = share + z ** 2 / (2 * count)
  const half = z * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2))
  const all = 1 + z ** 2 / count
  return [(middle - half) / all, (middle + half) / all]
}
