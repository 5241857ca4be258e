import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ROOT, type Runtime } from './runtimes.ts'

/**
 * Runs a file of a bench on a runtime, and waits for its end. Its stderr is shown at once. Its stdout is its
 * result, in JSON.
 *
 * @param file Its path inside the folder `bench`.
 * @param environment Additional environment variables.
 * @throws Error if it fails.
 */
export function runOn<Result>(
  runtime: Runtime,
  file: string,
  given: unknown,
  environment: NodeJS.ProcessEnv = {},
): Promise<Result> {
  const path = join(ROOT, 'bench', file)
  const child = spawn(runtime.binary, [...runtime.args, path, JSON.stringify(given)], {
    cwd: ROOT,
    env: benchEnvironment(environment),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(JSON.parse(output) as Result)
      reject(new Error(`${file} on ${runtime.title} ended with ${code ?? signal}.\n${output}`))
    })
  })
}

/** @returns The value that {@link runOn} has passed to this process. */
export function given<Given>(): Given {
  return JSON.parse(process.argv[2] ?? '{}') as Given
}

/** Passes the result to {@link runOn}, and ends the process. */
export function giveBack(result: unknown): void {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))
}

/**
 * Returns the environment without variables for npm, the runtimes and the library.
 *
 * @param more Additional variables.
 */
export function benchEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_|NODE_|BUN_|DENO_|MAC_|FORCE_COLOR$)/.test(name),
  )
  return { ...Object.fromEntries(kept), NODE_ENV: 'production', NO_COLOR: '1', ...more }
}
