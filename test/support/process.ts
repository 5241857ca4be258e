import { type ChildProcess, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

/** The command that runs a script on the runtime that runs the tests. */
export function runtimeCommand(script: string): [command: string, ...args: string[]] {
  if (process.versions.deno === undefined) return [process.execPath, script]
  // A script outside this folder imports the library, and that what npm installed here.
  const flags = ['--quiet', '--allow-all', '--node-modules-dir=manual']
  return [process.execPath, 'run', ...flags, script]
}

/** Where a process runs, and with which variables. */
export interface Surroundings {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** What it is called with; by default nothing. */
  readonly args?: readonly string[]
}

/** What a process printed, and the status that it ended with. */
export interface Ended {
  readonly out: string
  readonly err: string
  readonly status: number | null
}

/** The status that a process ends with, once all that it printed was read. */
export function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
}

/** Runs a script to its end. */
export function runToEnd(
  script: string,
  { args = [], ...surroundings }: Surroundings,
): Promise<Ended> {
  return runCommand([...runtimeCommand(script), ...args], surroundings)
}

/** Runs a command to its end. */
export async function runCommand(
  [command, ...args]: readonly [string, ...string[]],
  { cwd, env }: Omit<Surroundings, 'args'>,
): Promise<Ended> {
  const child = spawn(command, args, { cwd, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const { stdout, stderr } = child
  const [out, err, status] = await Promise.all([text(stdout), text(stderr), endOf(child)])
  return { out: out.trim(), err, status }
}
