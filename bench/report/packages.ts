import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../setup/runtimes.ts'

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>
}

/** @returns The versions of the measured packages, from the lock file. */
export function packageVersions(names: readonly string[]): string {
  const lock = JSON.parse(readFileSync(join(ROOT, 'bench/package-lock.json'), 'utf8')) as Lock
  return names
    .map((name) => `${name} ${lock.packages[`node_modules/${name}`]?.version ?? '(not installed)'}`)
    .join(', ')
}
