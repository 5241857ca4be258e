import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { benchEnvironment } from './run-on.ts'
import { ROOT, type Runtime } from './runtimes.ts'

/** A server in a process of its own, pinned to a core. */
export interface RunningServer {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/**
 * Starts a file of a bench that writes its port when it listens.
 *
 * @param file Beneath the folder `bench`.
 * @param given What it is given, as JSON.
 */
export async function startPinned(
  runtime: Runtime,
  file: string,
  given: unknown,
  core: number,
): Promise<RunningServer> {
  const path = join(ROOT, 'bench', file)
  // As a server is started: without the means of the other benches.
  const flags = runtime.args.filter((argument) => !argument.includes('expose-gc'))
  const args = ['-c', String(core), runtime.binary, ...flags, path, JSON.stringify(given)]
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

function announcedPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', (chunk: Buffer) => resolve(Number(String(chunk))))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      reject(new Error(`The server ended with ${code ?? signal} before it announced its port.`))
    })
  })
}
