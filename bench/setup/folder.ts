import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './runtimes.ts'

/**
 * Makes a folder for database files. It is removed when the process ends. It is in the checkout, on a disk,
 * because the folder for temporary files is in memory on many machines, where a sync costs nothing.
 */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(ROOT, 'bench/.scratch-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  return folder
}
