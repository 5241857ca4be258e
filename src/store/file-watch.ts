import { statSync } from 'node:fs'

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
