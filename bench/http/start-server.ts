import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { benchEnvironment } from '../setup/run-on.ts'
import { ROOT, type Runtime } from '../setup/runtimes.ts'
import { HOST, TARGET } from '../signing/request.ts'
import type { Kind, ServerSettings } from './kinds.ts'
import { signedField } from './signed-file.ts'

/** A server in a process of its own, pinned to a core. */
export interface RunningServer {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/** Starts a server of a kind on a runtime, with a new database. */
export async function startServer(
  runtime: Runtime,
  settings: ServerSettings,
  core: number,
): Promise<RunningServer> {
  mkdirSync(settings.folder, { recursive: true })
  const file = join(ROOT, 'bench/http/server.ts')
  // As a server is started: without the means of the other benches.
  const flags = runtime.args.filter((argument) => !argument.includes('expose-gc'))
  const args = ['-c', String(core), runtime.binary, ...flags, file, JSON.stringify(settings)]
  const child = spawn('taskset', args, {
    cwd: ROOT,
    env: benchEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = await announcedPort(child)
  return {
    port,
    pid: child.pid ?? 0,
    async stop() {
      const end = new Promise((resolve) => child.once('close', resolve))
      child.kill('SIGKILL')
      await end
    },
  }
}

/** Throws where the server does not do what it is timed for. */
export async function assertVerifies(port: number, kind: Kind): Promise<void> {
  if (kind === 'plain') return assert.equal(await statusOf(port), 200)
  const field = signedField(kind === 'hawk' ? 'Hawk' : 'MAC')
  assert.equal(await statusOf(port), 401, `${kind}: an unsigned request is refused`)
  assert.equal(await statusOf(port, field), 200, `${kind}: a signed one is accepted`)
  assert.equal(await statusOf(port, field), 401, `${kind}: a replay is refused`)
  const other = signedField(kind === 'hawk' ? 'Hawk' : 'MAC')
  assert.equal(await statusOf(port, other, '/'), 401, `${kind}: a changed one is refused`)
}

function statusOf(port: number, authorization?: string, path: string = TARGET): Promise<number> {
  const headers = { host: HOST, ...(authorization && { authorization }) }
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers, agent: false }, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode ?? 0))
    }).on('error', reject)
  })
}

function announcedPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', (chunk: Buffer) => resolve(Number(String(chunk))))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      reject(new Error(`The server ended with ${code ?? signal} before it announced its port.`))
    })
  })
}
