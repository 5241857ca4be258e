import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  type Given,
  givenCluster,
  givenPostgres,
  givenRedis,
  givenValkey,
  VARIABLES,
} from '../support/servers/given.ts'
import { findProgram } from '../support/servers/program.ts'
import { MATRIX, nameOf, RUNNERS } from './contract/matrix.ts'
import { type Outcome, runFile } from './runner/run-file.ts'
import { cell, failuresOf, printTable, type Result } from './runner/table.ts'

/*
 * Everything that needs servers of PostgreSQL, Redis or Valkey: the contracts of stores, on each engine, driver and
 * runtime, and the other test files of this folder, on Bun and Node 24. It starts the servers, unless the
 * environment names them. `--runtime deno` and `--only Redis` run a part.
 */

const { runtime, only } = parseArgs({
  options: { runtime: { type: 'string' }, only: { type: 'string' } },
}).values
const start = performance.now()
const here = import.meta.dirname
const CONTRACT = join(here, 'contract/one-store.ts')

/** One test file on one runtime, and for a contract the name of its store. */
interface Job {
  readonly runtime: string
  readonly store: string | null
  readonly file: string
}

const hasValkey = Boolean(process.env[VARIABLES.valkey]) || findProgram('valkey-server') !== null
const contracts: Job[] = MATRIX.filter(({ needs }) => needs === null || hasValkey).flatMap(
  ({ store, runtimes }) =>
    runtimes.map((each) => ({ runtime: each, store: nameOf(store), file: CONTRACT })),
)
/**
 * The files that run on each runtime, and those on Node as well as on Bun: they depend on connections that are lost
 * and on timers. All others would take minutes more, and the contracts show what differs.
 */
const ON_ALL = /^limits-/
const ON_NODE_TOO =
  /^(?:postgres-nonces|redis-faults|redis-cluster|redis-and-postgres|doctor-redis)\.ts$/
function isFor(name: string, runner: string): boolean {
  return runner === 'bun' || ON_ALL.test(name) || (runner === 'node-24' && ON_NODE_TOO.test(name))
}
const files: Job[] = readdirSync(here)
  .filter((name) => name.endsWith('.ts') && name !== basename(import.meta.path))
  .flatMap((name) =>
    RUNNERS.filter((each) => isFor(name, each)).map((each) => ({
      ...{ runtime: each, store: null, file: join(here, name) },
    })),
  )
const jobs = [...contracts, ...files]
  .filter((job) => runtime === undefined || job.runtime === runtime)
  .filter((job) => only === undefined || (job.store ?? basename(job.file)).includes(only))
if (jobs.length === 0) {
  console.error('Nothing is left to run.')
  process.exit(2)
}

const results = await withServers(() => twoAtATime(jobs))
printTable(results)
const failures = failuresOf(results)
for (const failure of failures) console.log(failure)
console.log(`${Math.round((performance.now() - start) / 1000)} s`)
const passed = results.reduce((sum, { outcome }) => sum + outcome.passed.length, 0)
const mayMissValkey = hasValkey || sayNoValkey()
const failed = failures.length + (mayMissValkey ? 0 : 1)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

async function twoAtATime(all: readonly Job[]): Promise<Result[]> {
  const left = [...all.entries()]
  const outcomes: Outcome[] = []
  const lane = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [at, job] = next
      const env = { WITHMAC_CONTRACT_STORE: job.store ?? '' }
      const outcome = await runFile(job.runtime, job.file, env)
      outcomes[at] = outcome
      const name = job.store ?? basename(job.file)
      console.log(`${name} on ${job.runtime}: ${cell(outcome)}`)
    }
  }
  await Promise.all([lane(), lane()])
  return all.map((job, at) => ({
    runtime: job.runtime,
    name: job.store ?? basename(job.file),
    isContract: job.store !== null,
    outcome: outcomes[at] as Outcome,
  }))
}

/** Starts the servers that the environment does not name, and names them for the tests. */
async function withServers<Value>(work: () => Promise<Value>): Promise<Value> {
  const servers: Given[] = []
  const begin = async (variable: string, started: Promise<Given>) => {
    const server = await started
    servers.push(server)
    process.env[variable] = server.url
  }
  try {
    await Promise.all([
      begin(VARIABLES.postgres, givenPostgres()),
      begin(VARIABLES.redis, givenRedis()),
      begin(VARIABLES.cluster, givenCluster()),
      ...(hasValkey ? [begin(VARIABLES.valkey, givenValkey())] : []),
    ])
    return await work()
  } finally {
    for (const server of servers) await server[Symbol.asyncDispose]()
  }
}

/** @returns Whether the stores in Valkey may be left out: see `testWith`. */
function sayNoValkey(): boolean {
  console.log(
    '(skip) the stores in Valkey: there is no valkey-server. Install it (Debian 13: apt-get install valkey-server; ' +
      `Debian 12: from bookworm-backports), or set ${VARIABLES.valkey}.`,
  )
  return process.env.WITHMAC_MAY_SKIP?.split(',').includes('valkey') !== false
}
