import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Ended, endOf, runtimeCommand } from '../support/process.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

/** What a command is run with. */
export interface Running {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** What it reads from its standard input. */
  readonly input?: string
}

/** The command that runs the command line from its sources, on the runtime that runs the tests. */
export const WITHMAC: readonly [string, ...string[]] = runtimeCommand(MAIN)

/** The variables of a command: those of this process that have to do with it are left out. */
export function environment(own: Running['env'] = {}): Record<string, string> {
  const { PATH = '', HOME = '/tmp' } = process.env
  // Where runtimes keep what they have compiled.
  const caches = ['DENO_DIR', 'NODE_COMPILE_CACHE'].flatMap((name) => {
    const folder = process.env[name]
    return folder === undefined ? [] : [[name, folder]]
  })
  // Node 22 warns that it strips types.
  const always = { PATH, HOME, NODE_NO_WARNINGS: '1', TZ: 'UTC' }
  return { ...always, ...Object.fromEntries(caches), ...own }
}

/** Runs `withmac` with arguments, to its end, without a terminal. */
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

/** Runs a command that must end well; gives the JSON value that it printed. */
export async function withmacJson<Value = Record<string, unknown>>(
  args: readonly string[],
  running: Running,
): Promise<Value> {
  const { out, err, status } = await withmac([...args, '--json'], running)
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${err}`)
  return JSON.parse(out) as Value
}

/** A text without what differs from run to run: times, keys, nonces, MACs, and the folder. */
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
