import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { endOf, runtimeCommand } from './process.ts'
import type { ServerOptions } from './server-process.ts'

/** A server in its own process. It is killed at the end of its scope. */
export interface ServerProcess extends AsyncDisposable {
  readonly port: number
  readonly url: string
  /** Why requests were rejected, so far. */
  readonly rejections: readonly { readonly code: string; readonly message: string }[]
  /** Kills the process, like `kill -9`. */
  kill(): Promise<void>
}

const SCRIPT = join(import.meta.dirname, 'server-process.ts')

export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const [command, ...before] = runtimeCommand(SCRIPT)
  const args = [...before, JSON.stringify(options)]
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, HOME: '/tmp' },
  })
  const ended = endOf(child)
  const rejections: { code: string; message: string }[] = []
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const first = await lines.next()
  if (first.done === true) throw new Error('the server ended before it listened')
  const port = Number(first.value)
  const gathering = (async () => {
    for await (const line of lines) rejections.push(JSON.parse(line))
  })()
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
    await gathering
  }
  const url = `http://127.0.0.1:${port}`
  return { port, url, rejections, kill, [Symbol.asyncDispose]: kill }
}
