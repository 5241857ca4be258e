import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type Goal, goalsTable } from '../report/goals.ts'
import { report } from '../report/results.ts'
import { figure } from '../report/statistics.ts'
import { number, table } from '../report/table.ts'
import { benchArguments } from '../setup/arguments.ts'
import { scratchFolder } from '../setup/folder.ts'
import { runOn } from '../setup/run-on.ts'
import { findRuntime, type Runtime, type RuntimeName } from '../setup/runtimes.ts'
import { macField } from '../signing/mac-field.ts'
import { ID, KEY } from '../signing/request.ts'
import { createMac } from '../withmac.ts'
import type { WorkerResult, WorkerSettings } from './worker.ts'

/*
 * How long requests take if several processes record their nonces in one file.
 */

const options = benchArguments()
const RUN_MS = options.short ? 300 : 5000
const ROUNDS = options.short ? 1 : 5
/** The time for the processes to start. */
const LEAD_MS = options.short ? 500 : 2000
const folder = scratchFolder()
let files = 0

/** The quantiles of each round, in milliseconds. */
interface Round {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly longest: number
}

/** All rounds with one setting. */
interface Measured {
  readonly title: string
  readonly processes: number
  readonly inFlight: number
  readonly rounds: Round[]
}

const measured: Measured[] = []
for (const name of ['bun', 'node-24'] satisfies RuntimeName[]) {
  const runtime = await findRuntime(name)
  const { title } = runtime
  const own = [2, 4].flatMap((processes) =>
    (options.short ? [4] : [1, 16]).map(
      (inFlight): Measured => ({ title, processes, inFlight, rounds: [] }),
    ),
  )
  for (let round = 1; round <= ROUNDS; round++) {
    for (const { processes, inFlight, rounds } of own) {
      console.error(`round ${round}, ${title}, ${processes} processes, ${inFlight} in flight`)
      rounds.push(await together(runtime, processes, inFlight))
    }
  }
  measured.push(...own)
}

const HOW = `Processes verify requests with one file, each with several requests in flight, for ${RUN_MS / 1000} seconds. After each
request there is a pause of up to 4 ms. The time of a verification, in milliseconds, is mostly the wait for the sync, for
the lock, and for a core: four processes share two cores. Before the measurement, one request is sent to all of them at
the same time, and exactly one accepts it. Figures are the medians of ${ROUNDS} rounds.`
const head = ['on', 'processes', 'in flight', 'requests/s', 'p50', 'p99', 'p99.9', 'longest']
const rows = measured.map(({ title, processes, inFlight, rounds }) => [
  title,
  processes,
  inFlight,
  ...(['count', 'p50', 'p99', 'p999', 'longest'] as const).map((which) => {
    const { median } = figure(rounds.map((round) => round[which]))
    return number(which === 'count' ? (1000 * median) / RUN_MS : median)
  }),
])
const goals = measured
  .filter(({ processes }) => processes === 4)
  .map(
    ({ title, processes, inFlight, rounds }): Goal => ({
      what: `longest wait, ${processes} processes, ${inFlight} in flight`,
      where: title,
      measured: figure(rounds.map(({ longest }) => longest)),
      atMost: 50,
      unit: ' ms',
    }),
  )
const sections = ['## Several processes on one file', HOW, goalsTable(goals), table(head, rows)]
report('processes', sections.join('\n\n'), options)

async function together(runtime: Runtime, processes: number, inFlight: number): Promise<Round> {
  const path = join(folder, `${files++}.db`)
  const mac = createMac({ database: `sqlite:${path}` })
  await mac.createCredential('ada', { id: ID, key: KEY })
  await mac.close()
  const begin = Date.now() + LEAD_MS
  const twin = macField()
  const settings: WorkerSettings = { path, inFlight, twin, begin, end: begin + RUN_MS }
  const results = await Promise.all(
    Array.from({ length: processes }, () =>
      runOn<WorkerResult>(runtime, 'processes/worker.ts', settings),
    ),
  )
  const accepted = results.filter(({ acceptedTwin }) => acceptedTwin).length
  assert.equal(accepted, 1, 'of the processes that get the same request, one accepts it')
  const took = results.flatMap((result) => result.took).sort((one, other) => one - other)
  const at = (share: number) => took[Math.floor(share * (took.length - 1))] ?? Number.NaN
  return { count: took.length, p50: at(0.5), p99: at(0.99), p999: at(0.999), longest: at(1) }
}
