import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { benchEnvironment } from './run-on.ts'
import { ROOT, type Runtime } from './runtimes.ts'

/** The core and the environment of a server. */
export interface Place {
  /** The core that the server is pinned to. `null`: the system chooses. */
  readonly core: number | null
  readonly environment?: NodeJS.ProcessEnv
}

/** A server in its own process. */
export interface RunningServer {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/**
 * Starts a server: a file of a bench that prints its port when it listens.
 *
 * @param file Its path inside the folder `bench`.
 * @param given Its settings, passed as JSON.
 */
export async function startServer(
  runtime: Runtime,
  file: string,
  given: unknown,
  { core, environment }: Place,
): Promise<RunningServer> {
  const path = join(ROOT, 'bench', file)
  // As in production: without the flag that exposes gc().
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

/** @returns The command, pinned to a core if there is one. */
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
