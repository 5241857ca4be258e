import type { Measured } from '../peers/rounds.ts'
import { type Goal, goalsTable } from '../report/goals.ts'
import { report } from '../report/results.ts'
import { figure, ratio } from '../report/statistics.ts'
import { number, spread, table } from '../report/table.ts'
import { benchArguments } from '../setup/arguments.ts'
import { runOn } from '../setup/run-on.ts'
import { findRuntime, type RuntimeName } from '../setup/runtimes.ts'

/*
 * The time of the journal, compared with a bare insert of the row that it writes.
 */

const options = benchArguments()
const names: readonly RuntimeName[] = ['bun', 'node-24']
const measurements: { title: string; measured: readonly Measured[] }[] = []
for (const name of names) {
  const runtime = await findRuntime(name)
  console.error(`\n${runtime.title}`)
  const measured = await runOn<Measured[]>(runtime, 'recording/measure.ts', options)
  measurements.push({ title: runtime.title, measured })
}

const HOW = `Nonces are recorded in batches, one after the other, without requests. The bare insert hashes the same nonces
into the same blob, and appends it in its own transaction; it reads nothing and keeps nothing in memory. "Gathered" means
that each nonce also has its own promise and waits for the end of the turn of the event loop, which a batch needs.
"Synced" means that the commit syncs, or on a slow disk the journal's thread. The lines without it show the time without
the sync, which code can reduce, and so the goal is for these.`

const [first] = measurements
const rows = (first?.measured ?? []).map(({ name, inFlight }, at) => [
  name,
  inFlight,
  ...measurements.flatMap(({ measured }) => {
    const found = figure(measured[at]?.runs ?? [])
    return [number(found.median), spread(found)]
  }),
])
const head = ['', 'batches of', ...measurements.flatMap(({ title }) => [title, ''])]
const sections = [
  '## Recording nonces',
  HOW,
  goalsTable(measurements.flatMap(goalsOf)),
  `Microseconds per nonce.\n\n${table(head, rows)}`,
]
report('recording', sections.join('\n\n'), options)

function goalsOf({ title, measured }: (typeof measurements)[number]): Goal[] {
  const runs = (key: string) =>
    measured.find((one) => one.key === key && one.inFlight === 25)?.runs ?? []
  const what = 'the journal ÷ a bare insert, batches of 25'
  return [
    { what, where: title, measured: ratio(runs('journal'), runs('bare')), atMost: 1.3 },
    {
      what: `${what}, gathered`,
      where: title,
      measured: ratio(runs('journal'), runs('gathered')),
    },
    {
      what: `${what}, synced`,
      where: title,
      measured: ratio(runs('journal-synced'), runs('bare-synced')),
    },
  ]
}
