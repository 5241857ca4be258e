import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

/** The options of a bench. */
export interface BenchArguments {
  /** Runs for seconds instead of minutes, to check that the bench works. Writes nothing. */
  readonly short: boolean
  /** The folder of an earlier version of the library. The benches peers, http and disk compare with it. */
  readonly before: string | null
}

/** Reads the command line of a bench. Ends the process if it is not valid. */
export function benchArguments(): BenchArguments {
  try {
    const { short = false, before = null } = parseArgs({
      options: { short: { type: 'boolean' }, before: { type: 'string' } },
    }).values
    if (before === null) return { short, before }
    if (existsSync(join(before, 'src/index.ts'))) return { short, before: resolve(before) }
    throw new Error(`${before} is not a checkout of the library: it has no src/index.ts.`)
  } catch (error) {
    console.error(`${(error as Error).message}\nA bench takes --short, and --before with a folder.`)
    process.exit(2)
  }
}
