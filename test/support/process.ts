import { type ChildProcess, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

/** @returns The command that runs a script on the runtime that runs the tests. */
export function runtimeCommand(script: string): [command: string, ...args: string[]] {
  if (process.versions.deno === undefined) return [process.execPath, script]
  // A script outside this folder imports the library, which imports packages from node_modules here.
  const flags = ['--quiet', '--allow-all', '--node-modules-dir=manual']
  return [process.execPath, 'run', ...flags, script]
}

/** The folder, variables and arguments of a process. */
export interface Surroundings {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Arguments. Default: none. */
  readonly args?: readonly string[]
}

/** What a process printed, and its exit status. */
export interface Ended {
  readonly out: string
  readonly err: string
  readonly status: number | null
}

/** @returns The exit status of a process, after all its output was read. */
export function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
}

/** Runs a script, and waits for its end. */
export function runToEnd(
  script: string,
  { args = [], ...surroundings }: Surroundings,
): Promise<Ended> {
  return runCommand([...runtimeCommand(script), ...args], surroundings)
}

/** Runs a command, and waits for its end. */
export async function runCommand(
  [command, ...args]: readonly [string, ...string[]],
  { cwd, env }: Omit<Surroundings, 'args'>,
): Promise<Ended> {
  const child = spawn(command, args, { cwd, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const { stdout, stderr } = child
  const [out, err, status] = await Promise.all([text(stdout), text(stderr), endOf(child)])
  return { out: out.trim(), err, status }
}
