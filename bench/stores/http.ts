import assert from 'node:assert/strict'
import { cpuSeconds } from '../http/cpu.ts'
import { statusOf } from '../http/run-once.ts'
import { runWrk, type WrkResult } from '../http/wrk.ts'
import type { Runtime } from '../setup/runtimes.ts'
import { type RunningServer, startServer } from '../setup/server.ts'
import { macField } from '../signing/mac-field.ts'
import { type Engines, engineCpuSeconds } from './engines.ts'
import { newStores, SHARED, type Shared } from './stores.ts'

/** The result of a run. Processor times are in microseconds per request. */
export interface SharedRun extends WrkResult {
  /** Requests per second. */
  readonly rate: number
  readonly serversCpu: number
  /** PostgreSQL and Redis together. */
  readonly enginesCpu: number
}

/** The settings of a run. */
export interface SharedSettings {
  readonly engines: Engines
  readonly processes: number
  readonly connections: number
  /** Whole seconds, as wrk needs. */
  readonly warmSeconds: number
  readonly seconds: number
  /** The file of signed fields, and how many it has. */
  readonly file: string
  readonly fields: number
}

/**
 * Starts servers on new stores, checks that one of them accepts a request that all of them get, warms them up, and
 * measures them. Throws if any answer is not a 200.
 */
export async function runShared(
  runtime: Runtime,
  kind: Shared,
  settings: SharedSettings,
): Promise<SharedRun> {
  const { engines, processes, connections, warmSeconds, seconds, file, fields } = settings
  const stores = await newStores(kind, engines)
  const servers: RunningServer[] = []
  try {
    for (let at = 0; at < processes; at++) {
      servers.push(await startServer(runtime, 'stores/server.ts', stores, { core: null }))
    }
    const ports = servers.map(({ port }) => port)
    await assertShare(ports, SHARED[kind])
    // The measured run skips all lines of the one that warms up.
    const warmLines = Math.floor((fields * warmSeconds) / (warmSeconds + seconds))
    const load = { ports, connections, core: null, file }
    const shareOf = (lines: number) => Math.floor(lines / processes)
    if (warmSeconds > 0) {
      const linesEach = shareOf(warmLines)
      assertAccepted(kind, await runWrk({ ...load, seconds: warmSeconds, skip: 0, linesEach }))
    }
    const times = () => ({
      servers: servers.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
      engines: engineCpuSeconds(engines.postgres.pid) + engineCpuSeconds(engines.redis.pid),
    })
    const before = times()
    const linesEach = shareOf(fields - warmLines)
    const result = await runWrk({ ...load, seconds, skip: warmLines, linesEach })
    const after = times()
    assertAccepted(kind, result)
    const each = (used: number) => (used * 1e6) / result.requests
    return {
      ...result,
      rate: (result.requests * 1e6) / result.microseconds,
      serversCpu: each(after.servers - before.servers),
      enginesCpu: each(after.engines - before.engines),
    }
  } finally {
    for (const server of servers) await server.stop()
  }
}

/** Throws if the servers do not reject what they must, or if two of them accept one request. */
async function assertShare(ports: readonly number[], name: string): Promise<void> {
  const [port = 0] = ports
  assert.equal(await statusOf(port), 401, `${name}: an unsigned request is rejected`)
  const changed = await statusOf(port, macField(), '/')
  assert.equal(changed, 401, `${name}: a changed one is rejected`)
  const copied = macField()
  const copies = ports.flatMap((each) => [each, each])
  const statuses = await Promise.all(copies.map((each) => statusOf(each, copied)))
  const others = copies.slice(1).map(() => 401)
  assert.deepEqual(statuses.toSorted(), [200, ...others], `${name}: one copy is accepted`)
}

function assertAccepted(kind: Shared, { rejected, failed }: WrkResult): void {
  assert.equal(rejected, 0, `${SHARED[kind]}: every request is accepted`)
  assert.equal(failed, 0, `${SHARED[kind]}: every request is answered`)
}
