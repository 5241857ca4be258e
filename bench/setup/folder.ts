import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './runtimes.ts'

/**
 * A folder for database files that is gone when the process ends. It lies in the checkout, on a
 * disk: the folder for temporary files is memory on many machines, where a sync costs nothing.
 */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(ROOT, 'bench/.scratch-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  return folder
}
