import { report } from '../report/results.ts'
import { number, spread, table } from '../report/table.ts'
import { benchArguments } from '../setup/arguments.ts'
import { runOn } from '../setup/run-on.ts'
import { findRuntime, type RuntimeName } from '../setup/runtimes.ts'
import type { MicroResult } from './measure.ts'

/*
 * Times each piece of a verification on each runtime, with mitata.
 */

const options = benchArguments()
const names: readonly RuntimeName[] = ['bun', 'node-24', 'deno']
const measured: { title: string; results: MicroResult[] }[] = []
for (const name of names) {
  const runtime = await findRuntime(name)
  console.error(`\n${runtime.title}`)
  const results = await runOn<MicroResult[]>(runtime, 'micro/measure.ts', options)
  measured.push({ title: runtime.title, results })
}
const [first] = measured
const rows = (first?.results ?? []).map(({ name }) => [
  name,
  ...measured.flatMap(({ results }) => cells(results.find((result) => result.name === name))),
])
const head = ['', ...measured.flatMap(({ title }) => [title, 'quartiles'])]
report(
  'micro',
  `## The pieces\n\nNanoseconds per call, by mitata.\n\n${table(head, rows)}`,
  options,
)

function cells(result: MicroResult | undefined): string[] {
  return result === undefined ? ['–', '–'] : [number(result.median), spread(result)]
}
