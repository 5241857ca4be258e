import { join } from 'node:path'
import { writeSignedFields } from '../http/signed-file.ts'
import { assertTools } from '../http/wrk.ts'
import { goalsTable } from '../report/goals.ts'
import { report } from '../report/results.ts'
import { number } from '../report/table.ts'
import { benchArguments } from '../setup/arguments.ts'
import { scratchFolder } from '../setup/folder.ts'
import { runOn } from '../setup/run-on.ts'
import { findRuntime, type Runtime, type RuntimeName } from '../setup/runtimes.ts'
import { type Engine, startPostgres, startRedis } from './engines.ts'
import { runShared } from './http.ts'
import type { MeasureSettings } from './measure.ts'
import { measureRevocations } from './revocation.ts'
import type { Measured } from './rounds.ts'
import {
  CONNECTIONS,
  goalsOf,
  HOW,
  httpTable,
  type OnRuntime,
  recordingTable,
  revocationTable,
  type Served,
} from './sections.ts'
import { measureSpace } from './space.ts'
import { SHARED, type Shared } from './stores.ts'

/*
 * Nonces in a PostgreSQL or a Redis that servers share: how long recording takes, and how much of the engine's time and
 * memory; requests per second of several servers; and when a revocation counts.
 */

const options = benchArguments()
const { short } = options
assertTools()
const pace = short
  ? { rounds: 1, warmSeconds: 0, seconds: 1, fields: 100_000, revocations: 3 }
  : { rounds: 3, warmSeconds: 1, seconds: 3, fields: 400_000, revocations: 50 }
const counts = short ? { postgres: 20_000, redis: 30_000 } : { postgres: 1_000_000, redis: 300_000 }
const scenes: readonly Pick<Served, 'kind' | 'processes'>[] = short
  ? [
      { kind: 'postgres', processes: 2 },
      { kind: 'redis', processes: 2 },
    ]
  : (Object.keys(SHARED) as Shared[]).flatMap((kind) =>
      [1, 2, 4].map((processes) => ({ kind, processes })),
    )
const file = join(scratchFolder(), 'mac.txt')
const names: readonly RuntimeName[] = ['bun', 'node-24']
const runtimes = await Promise.all(names.map(findRuntime))
const space = await measureSpace({ postgres: startPostgres, redis: startRedis }, counts)
const [postgres, redis, plainRedis] = [
  await startPostgres(),
  await startRedis(),
  await startRedis(),
]
const engines = { postgres, redis, plainRedis }
const results: OnRuntime[] = []
for (const runtime of runtimes) results.push(await measureOn(runtime))
for (const engine of Object.values<Engine>(engines)) await engine.stop()

const titles = `${postgres.title} and ${redis.title}`
const sections = [
  `## Shared stores: ${titles}`,
  HOW,
  goalsTable(goalsOf(results, space)),
  `### Recording\n\nMicroseconds per nonce.\n\n${recordingTable(results)}`,
  `A plain key in Redis needs ${number(space.set)} bytes.`,
  `### Over HTTP\n\n${CONNECTIONS} connections.\n\n${httpTable(results)}`,
  `### Revocations\n\n${revocationTable(results)}`,
]
report('stores', sections.join('\n\n'), options)

async function measureOn(runtime: Runtime): Promise<OnRuntime> {
  const { title } = runtime
  console.error(`\n${title}`)
  const given: MeasureSettings = { engines, short }
  const measured = await runOn<Measured[]>(runtime, 'stores/measure.ts', given)
  console.error('signing requests')
  writeSignedFields(file, 'MAC', pace.fields)
  const served = scenes.map((scene): Served => ({ ...scene, runs: [] }))
  for (let round = 1; round <= pace.rounds; round++) {
    for (const { kind, processes, runs } of served) {
      const settings = { ...pace, engines, file, processes, connections: CONNECTIONS }
      const run = await runShared(runtime, kind, settings)
      runs.push(run)
      const where = `${title}, ${SHARED[kind]}, ${processes} processes`
      console.error(`round ${round}, ${where}: ${number(run.rate)}/s`)
    }
  }
  const revoked = []
  for (const kind of ['postgres', 'redis'] as const) {
    const count = pace.revocations
    revoked.push({ kind, all: await measureRevocations(runtime, kind, engines, count) })
  }
  return { title, measured, served, revoked }
}
