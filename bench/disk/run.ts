import assert from 'node:assert/strict'
import { join } from 'node:path'
import { KINDS, type Kind } from '../http/kinds.ts'
import { type HttpRun, runOnce } from '../http/run-once.ts'
import { writeSignedFields } from '../http/signed-file.ts'
import { assertTools } from '../http/wrk.ts'
import { type Goal, goalsTable } from '../report/goals.ts'
import { report } from '../report/results.ts'
import { figure, ratio } from '../report/statistics.ts'
import { number, spread, table } from '../report/table.ts'
import { benchArguments } from '../setup/arguments.ts'
import { scratchFolder } from '../setup/folder.ts'
import { findRuntime, type RuntimeName } from '../setup/runtimes.ts'
import { slowDisk } from './slow-disk.ts'

/*
 * Requests per second over loopback, and how long one takes, on disks with slower syncs.
 */

const { before, ...options } = benchArguments()
assertTools()
const pace = options.short
  ? { warmSeconds: 0, seconds: 1, rounds: 1, fields: 100_000, delays: [3], connections: [64] }
  : {
      warmSeconds: 1,
      seconds: 3,
      rounds: 3,
      fields: 400_000,
      delays: [0, 1, 3],
      connections: [64, 256],
    }
const folder = scratchFolder()
const fields = { MAC: join(folder, 'mac.txt'), Hawk: '' }
console.error('signing requests')
writeSignedFields(fields.MAC, 'MAC', pace.fields)
const disk = slowDisk(folder)
const kinds: readonly Kind[] = before === null ? ['file'] : ['file', 'before']

/** All runs of one kind of server with one setting. */
interface Measured {
  readonly title: string
  readonly kind: Kind
  readonly delay: number
  readonly connections: number
  readonly runs: HttpRun[]
}

const measured: Measured[] = []
for (const name of ['bun', 'node-24'] satisfies RuntimeName[]) {
  const runtime = await findRuntime(name)
  const { title } = runtime
  await disk.assertDelays(runtime)
  const own = pace.delays.flatMap((delay) =>
    pace.connections.flatMap((connections) =>
      kinds.map((kind): Measured => ({ title, kind, delay, connections, runs: [] })),
    ),
  )
  for (let round = 1; round <= pace.rounds; round++) {
    for (const { kind, delay, connections, runs } of own) {
      const settings = { ...pace, connections, folder, fields, before, pinned: true }
      const environment = disk.environment(delay)
      const run = await runOnce(runtime, kind, { ...settings, environment })
      const says = `${title}: no answer comes before the nonce is on disk`
      assert.ok(run.p50 >= 1000 * delay, says)
      runs.push(run)
      const where = `${title}, ${KINDS[kind]}, ${delay} ms, ${connections} connections`
      console.error(`round ${round}, ${where}: ${number(run.rate)}/s`)
    }
  }
  measured.push(...own)
}

const HOW = `Like "Over HTTP", on a server whose syncs take longer by the milliseconds of the column: a library that is
loaded before the C library sleeps in \`fsync\` and \`fdatasync\`. Before the runs, each runtime is checked: SQLite's
commits, the calls of the file system and a verification must all wait for it. In each run, at least half of the answers
must take that long.`
const head = ['', '', 'sync + ms', 'connections', 'requests/s', '', 'p50 ms', 'p99 ms', 'p99.9 ms']
const rows = measured.map(({ title, kind, delay, connections, runs }) => {
  const rate = figure(runs.map((run) => run.rate))
  const times = (['p50', 'p99', 'p999'] as const).map((quantile) =>
    number(figure(runs.map((run) => run[quantile] / 1000)).median),
  )
  return [title, KINDS[kind], delay, connections, number(rate.median), spread(rate), ...times]
})
const goals = measured.flatMap((ours): Goal[] => {
  const { title, kind, delay, connections } = ours
  const theirs = measured.find(
    (other) =>
      other.kind === 'before' &&
      other.title === title &&
      other.delay === delay &&
      other.connections === connections,
  )
  if (kind !== 'file' || theirs === undefined) return []
  const p99 = ({ runs }: Measured) => runs.map((run) => run.p99)
  const meant = delay === 3 && connections === 64
  const what = `p99 ÷ p99 before, sync + ${delay} ms, ${connections} connections`
  const measuredRatio = ratio(p99(ours), p99(theirs))
  return [{ what, where: title, measured: measuredRatio, ...(meant && { atMost: 0.15 }) }]
})
const sections = [
  '## On slower disks',
  HOW,
  ...(goals.length > 0 ? [goalsTable(goals)] : []),
  table(head, rows),
]
report('disk', sections.join('\n\n'), options)
