import assert from 'node:assert/strict'
import { mkdirSync, rmSync } from 'node:fs'
import { type Agent, get } from 'node:http'
import { join } from 'node:path'
import type { Runtime } from '../setup/runtimes.ts'
import { startServer } from '../setup/server.ts'
import { HOST, TARGET } from '../signing/request.ts'
import { cpuSeconds } from './cpu.ts'
import { KINDS, type Kind, type ServerSettings } from './kinds.ts'
import { signedField } from './signed-file.ts'
import { runWrk, type WrkResult } from './wrk.ts'

/** The result of a run. */
export interface HttpRun extends WrkResult {
  /** Requests per second. */
  readonly rate: number
  /** The share of a core that the server used. */
  readonly serverCpu: number
}

/** The settings of a run. */
export interface RunSettings {
  /** The parent of the folder for its database, which is removed afterwards. */
  readonly folder: string
  readonly before: string | null
  /** Whole seconds, as wrk needs. 0 for no warm-up. */
  readonly warmSeconds: number
  readonly seconds: number
  readonly connections: number
  /** Whether the server has one core, and the generator the other. */
  readonly pinned: boolean
  /** The file of signed fields of each scheme. */
  readonly fields: Readonly<Record<'MAC' | 'Hawk', string>>
  /** Additional environment variables of the server. */
  readonly environment?: NodeJS.ProcessEnv
}

let count = 0

/**
 * Starts a server with a new database, checks that it verifies, warms it up, and measures it. Throws if any
 * answer is not a 200.
 */
export async function runOnce(
  runtime: Runtime,
  kind: Kind,
  { folder, before, warmSeconds, seconds, connections, pinned, fields, environment }: RunSettings,
): Promise<HttpRun> {
  const own = join(folder, `run-${count++}`)
  mkdirSync(own)
  const given: ServerSettings = { kind, folder: own, before }
  const [serverCore, core] = pinned ? [0, 1] : [null, null]
  const place = { core: serverCore, ...(environment && { environment }) }
  const server = await startServer(runtime, 'http/server.ts', given, place)
  try {
    const { port, pid } = server
    await assertVerifies(port, kind)
    const load = {
      ports: [port],
      core,
      connections,
      file: fields[kind === 'hawk' ? 'Hawk' : 'MAC'],
    }
    const warm = warmSeconds === 0 ? null : await runWrk({ ...load, seconds: warmSeconds, skip: 0 })
    // Requests that were in flight at the end are not counted, so more are skipped.
    const skip = warm === null ? 0 : warm.requests + 1000
    const cpuBefore = cpuSeconds(pid)
    const result = await runWrk({ ...load, seconds, skip })
    const used = cpuSeconds(pid) - cpuBefore
    const where = `${KINDS[kind]} on ${runtime.title}`
    assert.equal(result.rejected + (warm?.rejected ?? 0), 0, `${where}: every request is accepted`)
    assert.equal(result.failed, 0, `${where}: every request is answered`)
    const rate = (result.requests * 1e6) / result.microseconds
    return { ...result, rate, serverCpu: (used * 1e6) / result.microseconds }
  } finally {
    await server.stop()
    rmSync(own, { recursive: true, force: true })
  }
}

/** Throws if the server does not verify requests and reject replays. */
async function assertVerifies(port: number, kind: Kind): Promise<void> {
  if (kind === 'plain') return assert.equal(await statusOf(port), 200)
  const field = signedField(kind === 'hawk' ? 'Hawk' : 'MAC')
  assert.equal(await statusOf(port), 401, `${kind}: an unsigned request is rejected`)
  assert.equal(await statusOf(port, field), 200, `${kind}: a signed one is accepted`)
  assert.equal(await statusOf(port, field), 401, `${kind}: a replay is rejected`)
  const other = signedField(kind === 'hawk' ? 'Hawk' : 'MAC')
  assert.equal(await statusOf(port, other, '/'), 401, `${kind}: a changed one is rejected`)
}

/**
 * Sends a GET request. @returns The status of the answer.
 *
 * @param agent Keeps the connection. Without it, each request has its own.
 */
export function statusOf(
  port: number,
  authorization?: string,
  path: string = TARGET,
  agent: Agent | false = false,
): Promise<number> {
  const headers = { host: HOST, ...(authorization && { authorization }) }
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers, agent }, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode ?? 0))
    }).on('error', reject)
  })
}
