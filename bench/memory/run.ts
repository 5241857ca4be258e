import { report } from '../report/results.ts'
import { number, table } from '../report/table.ts'
import { benchArguments } from '../setup/arguments.ts'
import { runOn } from '../setup/run-on.ts'
import { findRuntime, type RuntimeName } from '../setup/runtimes.ts'
import type { MemoryResult, MemorySettings } from './measure.ts'

/*
 * The resident set of a process that verifies a million requests.
 */

const options = benchArguments()
const settings: MemorySettings = options.short
  ? { requests: 4000, every: 1000 }
  : { requests: 1_000_000, every: 100_000 }
const names: readonly RuntimeName[] = ['bun', 'node-24', 'deno']
const measured: ({ title: string } & MemoryResult)[] = []
for (const name of names) {
  const runtime = await findRuntime(name)
  console.error(runtime.title)
  const result = await runOn<MemoryResult>(runtime, 'memory/measure.ts', settings)
  measured.push({ title: runtime.title, ...result })
}

const HOW = `The resident set of a process, in MiB, that signs requests and verifies them, 64 at a time, on a file
database. Its window has 10,000 nonces, and as many expire as come in. No garbage is collected before the resident set is
measured. The last two lines are the heap in use after a garbage collection.`
const [first] = measured
const rows = (first?.mebibytes ?? []).map((_, at) => [
  (at * settings.every).toLocaleString('en-US'),
  ...measured.map(({ mebibytes }) => number(mebibytes[at] ?? Number.NaN)),
])
const [at, end] = [settings.every, settings.requests].map((count) => count.toLocaleString('en-US'))
const heaps = [0, -1].map((i) => measured.map(({ heap }) => number(heap.at(i) ?? Number.NaN)))
rows.push([`heap in use after ${at}`, ...(heaps[0] ?? [])], [`after ${end}`, ...(heaps[1] ?? [])])
const head = ['requests', ...measured.map(({ title }) => title)]
report('memory', `## Memory\n\n${HOW}\n\n${table(head, rows)}`, options)
