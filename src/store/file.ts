import { closeSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes the database file, unless it is there. SQLite gives the files beside it the same mode: keys
 * are for their owner's eyes alone.
 */
export function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600))
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'ENOENT') throw cause
    throw new Error(`there is no folder ${dirname(path)}: create it first.`, { cause })
  }
}

/** How often the file is looked for at the most, in milliseconds. */
const INTERVAL = 1000

/**
 * Notices that the database file was deleted or replaced while it is open. The system would go on
 * serving the old file without its name: what other processes write to the new one (a revocation,
 * say) would not be seen, and nonces would be gone with the next restart.
 *
 * @returns A function that throws where the file is no longer the one that was there at first.
 */
export function fileWatch(path: string): () => void {
  const first = inode(path)
  let looked = performance.now()
  let lost = false
  return () => {
    if (lost || performance.now() - looked >= INTERVAL) {
      looked = performance.now()
      lost = inode(path) !== first
    }
    if (lost) {
      throw new Error(
        `The database file ${path} was deleted or replaced while it was open. Restart to use the new one.`,
      )
    }
  }
}

function inode(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? null : `${stat.dev}:${stat.ino}`
}
