import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { get } from 'node:http'
import { type RunningServer, startPinned } from '../setup/pinned-server.ts'
import type { Runtime } from '../setup/runtimes.ts'
import { HOST, TARGET } from '../signing/request.ts'
import type { Kind, ServerSettings } from './kinds.ts'
import { signedField } from './signed-file.ts'

/** Starts a server of a kind on a runtime, with a new database. */
export async function startServer(
  runtime: Runtime,
  settings: ServerSettings,
  core: number,
): Promise<RunningServer> {
  mkdirSync(settings.folder, { recursive: true })
  return startPinned(runtime, 'http/server.ts', settings, core)
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
