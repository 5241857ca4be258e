import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Goal, goalsTable } from '../report/goals.ts'
import { report } from '../report/results.ts'
import { figure, ratio } from '../report/statistics.ts'
import { number, spread, table } from '../report/table.ts'
import { benchArguments } from '../setup/arguments.ts'
import { scratchFolder } from '../setup/folder.ts'
import { runOn } from '../setup/run-on.ts'
import { findRuntime, ROOT, type RuntimeName } from '../setup/runtimes.ts'
import { growthChart } from './chart.ts'
import { type FilledDatabase, fillDatabase, PER_SECOND } from './fill.ts'
import type { GrowthResult, GrowthSettings } from './measure.ts'

/*
 * The time of a verification with more and more nonces in the window, while old ones expire.
 */

const options = benchArguments()
const pace = options.short
  ? { sizes: [1e4, 1e5], rounds: 1, waves: 32 }
  : { sizes: [1e4, 1e5, 1e6, 1e7], rounds: 5, waves: 320 }
const folder = scratchFolder()
const databases: FilledDatabase[] = []
for (const size of pace.sizes) {
  console.error(`a database of ${size.toLocaleString('en-US')} nonces`)
  databases.push(await fillDatabase(folder, size))
}
const names: readonly RuntimeName[] = ['bun', 'node-24']
const measured: { title: string; results: GrowthResult[] }[] = []
for (const name of names) {
  const runtime = await findRuntime(name)
  console.error(runtime.title)
  const settings: GrowthSettings = { databases, rounds: pace.rounds, waves: pace.waves }
  const results = await runOn<GrowthResult[]>(runtime, 'growth/measure.ts', settings)
  measured.push({ title: runtime.title, results })
}

const HOW = `A file database whose window is full, and stays full: the database has ${PER_SECOND.toLocaleString('en-US')}
nonces per second of the server's clock, which the requests drive, and as many expire. Only the window
differs, from 1 second to 1,000. 64 requests are in flight. A run has
${(pace.waves * 64).toLocaleString('en-US')} requests, signed before the run, in ${pace.rounds} rounds of all sizes.
The pause is the longest turn of the event loop, measured in separate, shorter runs: while nonces expire;
with a clock that stands still, so that none expire; and after the clock jumps by the whole window, so that
all expire at once. A turn contains the verification of 64 requests and their commit, and whatever else the
machine does. Before the runs, nonces of the full window are rejected, also the oldest and the newest.`

const goals = measured.flatMap(({ title, results }): Goal[] => {
  const least = results[0]
  const most = results.at(-1)
  if (least === undefined || most === undefined) return []
  return [
    {
      what: `${short(most.size)} ÷ ${short(least.size)} nonces`,
      where: title,
      measured: ratio(most.runs, least.runs),
      atMost: 1.1,
    },
    {
      what: `longest pause of a run, ${short(most.size)} nonces, while some expire`,
      where: title,
      measured: figure(most.expiring),
      atMost: 5,
      unit: ' ms',
    },
  ]
})
const head = ['', 'nonces', 'µs', '', 'pause ms', 'clock still', 'all at once']
const rows = measured.flatMap(({ title, results }) =>
  results.map(({ size, runs, expiring, still, backlog }) => {
    const cost = figure(runs)
    const pauses = [expiring, still, backlog].map((all) => longest(all))
    return [title, short(size), number(cost.median), spread(cost), ...pauses]
  }),
)
const sections = [
  '## With more nonces',
  HOW,
  goalsTable(goals),
  'Microseconds per request, and the median and the worst of the longest pauses of each run.',
  table(head, rows),
]
report('growth', sections.join('\n\n'), options)
const chart = growthChart(measured)
if (!options.short) writeFileSync(join(ROOT, 'bench/growth.svg'), chart)

function longest(all: readonly number[]): string {
  return `${number(figure(all).median)}, ${number(Math.max(...all))}`
}

function short(size: number): string {
  return size.toLocaleString('en-US')
}
