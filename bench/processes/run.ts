import { join } from 'node:path'
import { report } from '../report/results.ts'
import { number, table } from '../report/table.ts'
import { benchArguments } from '../setup/arguments.ts'
import { scratchFolder } from '../setup/folder.ts'
import { runOn } from '../setup/run-on.ts'
import { findRuntime, type Runtime } from '../setup/runtimes.ts'
import { ID, KEY } from '../signing/request.ts'
import { createMac, type Durability } from '../withmac.ts'
import type { WorkerResult, WorkerSettings } from './worker.ts'

/*
 * How long requests wait where several processes record their nonces in one file.
 */

const options = benchArguments()
const PROCESSES = 4
const RUN_MS = options.short ? 500 : 10_000
/** For the processes to start. */
const LEAD_MS = 2000
const folder = scratchFolder()
const rows: string[][] = []
for (const name of ['bun', 'node-24'] as const) {
  const runtime = await findRuntime(name)
  for (const durability of ['normal', 'full'] as const) {
    for (const inFlight of options.short ? [4] : [1, 16]) {
      console.error(`${runtime.title}, ${durability}, ${inFlight} in flight`)
      const took = await together(runtime, durability, inFlight)
      const at = (share: number) =>
        number(took[Math.floor(share * (took.length - 1))] ?? Number.NaN)
      const second = number((1000 * took.length) / RUN_MS)
      const each = [at(0.5), at(0.99), at(0.999), at(1)]
      rows.push([runtime.title, durability, String(inFlight), second, ...each])
    }
  }
}

const HOW = `${PROCESSES} processes verify requests against one file, each with so many in flight, for
${RUN_MS / 1000} seconds. A line of requests pauses for up to 4 ms between two. The time of a verification, in
milliseconds, is mostly the wait for the lock, and for a core: there are fewer of them than processes.
The goal is that none waits for 100 ms.`
const head = ['on', 'durability', 'in flight', 'requests/s', 'p50', 'p99', 'p99.9', 'longest']
report('processes', `## Several processes on one file\n\n${HOW}\n\n${table(head, rows)}`, options)

/** The times of all processes' requests, the shortest first. */
async function together(
  runtime: Runtime,
  durability: Durability,
  inFlight: number,
): Promise<number[]> {
  const path = join(folder, `${runtime.title}-${durability}-${inFlight}.db`)
  const mac = createMac({ database: `sqlite:${path}` })
  await mac.createCredential('ada', { id: ID, key: KEY })
  await mac.close()
  const begin = Date.now() + LEAD_MS
  const settings: WorkerSettings = { path, durability, inFlight, begin, end: begin + RUN_MS }
  const results = await Promise.all(
    Array.from({ length: PROCESSES }, () =>
      runOn<WorkerResult>(runtime, 'processes/worker.ts', settings),
    ),
  )
  return results.flatMap(({ took }) => took).sort((one, other) => one - other)
}
