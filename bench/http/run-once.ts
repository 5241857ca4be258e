import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Runtime } from '../setup/runtimes.ts'
import { cpuSeconds } from './cpu.ts'
import { KINDS, type Kind } from './kinds.ts'
import { assertVerifies, startServer } from './start-server.ts'
import { runWrk, type WrkResult } from './wrk.ts'

/** The server has a core to itself, and so has the generator. */
const SERVER_CORE = 0
const GENERATOR_CORE = 1

/** What a run came to. */
export interface HttpRun extends WrkResult {
  /** Requests in a second. */
  readonly rate: number
  /** The share of its core that the server used. */
  readonly serverCpu: number
}

/** How long a run is, and where its fields are. */
export interface RunSettings {
  readonly folder: string
  /** Whole seconds, as wrk counts; 0 where none are spent on it. */
  readonly warmSeconds: number
  readonly seconds: number
  /** The file of signed fields of each scheme. */
  readonly fields: Readonly<Record<'MAC' | 'Hawk', string>>
}

let count = 0

/**
 * Starts a server with a new database, sees that it verifies, warms it up, and measures it. Every
 * answer must be a good one.
 */
export async function runOnce(
  runtime: Runtime,
  kind: Kind,
  { folder, warmSeconds, seconds, fields }: RunSettings,
): Promise<HttpRun> {
  const own = join(folder, String(count++))
  const server = await startServer(runtime, { kind, folder: own }, SERVER_CORE)
  try {
    const { port, pid } = server
    await assertVerifies(port, kind)
    const file = fields[kind === 'hawk' ? 'Hawk' : 'MAC']
    const load = { port, core: GENERATOR_CORE, file }
    const warm = warmSeconds === 0 ? null : await runWrk({ ...load, seconds: warmSeconds, skip: 0 })
    // Those that were under way at the end are not counted.
    const skip = warm === null ? 0 : warm.requests + 1000
    const before = cpuSeconds(pid)
    const result = await runWrk({ ...load, seconds, skip })
    const used = cpuSeconds(pid) - before
    const where = `${KINDS[kind]} on ${runtime.title}`
    assert.equal(result.refused + (warm?.refused ?? 0), 0, `${where}: every request is accepted`)
    assert.equal(result.failed, 0, `${where}: every request is answered`)
    const rate = (result.requests * 1e6) / result.microseconds
    return { ...result, rate, serverCpu: (used * 1e6) / result.microseconds }
  } finally {
    await server.stop()
  }
}
