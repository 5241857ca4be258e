import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { benchEnvironment } from './run-on.ts'
import { ROOT, type Runtime } from './runtimes.ts'

/** Where a server runs, and with what in its environment. */
export interface Place {
  /** The core that it is pinned to; `null` lets the system choose. */
  readonly core: number | null
  readonly environment?: NodeJS.ProcessEnv
}

/** A server in a process of its own. */
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
export async function startServer(
  runtime: Runtime,
  file: string,
  given: unknown,
  { core, environment }: Place,
): Promise<RunningServer> {
  const path = join(ROOT, 'bench', file)
  // As a server is started: without the means of the other benches.
  const flags = runtime.args.filter((argument) => !argument.includes('expose-gc'))
  const [program = '', ...args] = pinned(core, [
    runtime.binary,
    ...flags,
    path,
    JSON.stringify(given),
  ])
  const child = spawn(program, args, {
    cwd: ROOT,
    env: benchEnvironment(environment),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const end = new Promise((resolve) => child.once('close', resolve))
  const port = await announcedPort(child)
  return {
    port,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGKILL')
      await end
    },
  }
}

/** A command that keeps to a core, if there is one. */
export function pinned(core: number | null, command: readonly string[]): string[] {
  return core === null ? [...command] : ['taskset', '-c', String(core), ...command]
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
