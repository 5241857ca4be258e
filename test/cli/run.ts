import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Ended, endOf, runtimeCommand } from '../support/process.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

/** How to run a command. */
export interface Running {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** The text on stdin. */
  readonly input?: string
}

/** Runs withmac from its sources, on the runtime of the tests. */
export const WITHMAC: readonly [string, ...string[]] = runtimeCommand(MAIN)

/** The environment of a command: without the variables of this process that could change its behavior. */
export function environment(own: Running['env'] = {}): Record<string, string> {
  const { PATH = '', HOME = '/tmp' } = process.env
  // The compile caches of the runtimes.
  const caches = ['DENO_DIR', 'NODE_COMPILE_CACHE'].flatMap((name) => {
    const folder = process.env[name]
    return folder === undefined ? [] : [[name, folder]]
  })
  // Otherwise Node 22 warns that it strips types.
  const always = { PATH, HOME, NODE_NO_WARNINGS: '1', TZ: 'UTC' }
  return { ...always, ...Object.fromEntries(caches), ...own }
}

/** Runs `withmac` without a terminal, and returns what it printed and its status. */
export async function withmac(args: readonly string[], running: Running): Promise<Ended> {
  const [command, ...first] = WITHMAC
  const { cwd, env, input = '' } = running
  const child = spawn(command, [...first, ...args], { cwd, env: environment(env) })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [out, err, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    endOf(child),
  ])
  return { out, err, status }
}

/** Runs a command with `--json`, expects status 0, and returns the printed value. */
export async function withmacJson<Value = Record<string, unknown>>(
  args: readonly string[],
  running: Running,
): Promise<Value> {
  const { out, err, status } = await withmac([...args, '--json'], running)
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${err}`)
  return JSON.parse(out) as Value
}

/** Replaces what differs in each run: times, keys, nonces, MACs and the folder. */
export function masked(text: string, folder: string): string {
  return text
    .replaceAll(folder, '<folder>')
    .replace(/\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?Z| UTC)/g, '<moment>')
    .replace(/\d{4}-\d{2}-\d{2}/g, '<day>')
    .replace(/\bts="\d+"/g, 'ts="<ts>"')
    .replace(/\bnonce="[^"]+"/g, 'nonce="<nonce>"')
    .replace(/\bmac="[^"]+"/g, 'mac="<mac>"')
    .replace(/^(key +)\S{43}$/gm, '$1<key>')
}
