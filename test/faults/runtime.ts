import { existsSync } from 'node:fs'
import { join } from 'node:path'

interface Runtime {
  readonly name: string
  readonly binary: string
  readonly run: readonly string[]
}

/** @returns The command that runs a script: this Bun, or a runtime that `test:runtimes` has installed. */
export async function runtimeCommand(name: string): Promise<string[]> {
  if (name === 'bun') return [process.execPath]
  const tests = join(import.meta.dir, '..')
  const { RUNTIMES } = (await import(join(tests, 'runtimes/runtimes.mjs'))) as {
    RUNTIMES: Runtime[]
  }
  const runtime = RUNTIMES.find((known) => known.name === name)
  if (runtime === undefined) {
    throw new Error(
      `There is no runtime ${name}: ${RUNTIMES.map((known) => known.name).join(', ')}.`,
    )
  }
  const cache = join(tests, '../node_modules/.cache/withmac-runtimes', name)
  const binary = join(cache, runtime.binary)
  if (!existsSync(binary)) throw new Error(`${name} is missing: run "npm run test:runtimes" first.`)
  return [binary, ...runtime.run]
}
