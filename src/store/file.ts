import { closeSync, lstatSync, openSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isPermitted } from '../environment.ts'

/**
 * Makes the database file, unless it is there. SQLite gives the files beside it the same mode: keys
 * are for their owner's eyes alone.
 *
 * A file that is there is not opened: to close any descriptor of it would drop the locks that this
 * process holds on it through SQLite, and another program could then take itself for the last one
 * and remove the log with what was committed to it.
 */
export function createPrivately(path: string): void {
  try {
    const there = statSync(path, { throwIfNoEntry: false })
    if (there?.isDirectory()) throw new Error('it is a folder: name a file in it.')
    if (there !== undefined) return
    // A link that leads to no file yet cannot be made exclusively. Otherwise another thread of this process
    // may have come in between, and have it open.
    const isLink = lstatSync(path, { throwIfNoEntry: false }) !== undefined
    closeSync(openSync(path, isLink ? 'a' : 'ax', 0o600))
  } catch (cause) {
    const { code } = cause as { code?: unknown }
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw cause
    throw new Error(`there is no folder ${dirname(path)}: create it first.`, { cause })
  }
}

/** How often the file is looked for at most, in milliseconds. */
const INTERVAL = 1000

/**
 * Notices that the database file, or its log, was deleted or replaced while it is open. The system would go on
 * serving the old file without its name: what other processes write to the new one (a revocation,
 * say) would not be seen, and what is in the log would be gone with the next restart.
 *
 * @returns A function that throws if a file is no longer the one that was there at first.
 */
export function fileWatch(path: string): () => void {
  const first = inode(path)
  const log = `${realpathSync(path)}-wal`
  const seesLog = isPermitted({ name: 'read', path: log })
  // SQLite makes it with the first query.
  let firstLog: string | null = null
  let looked = performance.now()
  let lost: string | null = null
  return () => {
    if (lost !== null || performance.now() - looked >= INTERVAL) {
      looked = performance.now()
      const logNow = seesLog ? inode(log) : null
      firstLog ??= logNow
      lost = inode(path) !== first ? path : logNow !== firstLog ? log : null
    }
    if (lost === null) return
    const what = lost === path ? `database file ${path}` : `log ${log} of the database`
    const then =
      lost === path
        ? 'Restart to use the new one.'
        : 'Stop all processes that use it, and start them again.'
    throw new Error(`The ${what} was deleted or replaced while it was open. ${then}`)
  }
}

/** What tells a file from another that comes to have its name; `null` if there is none. */
export function inode(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? null : `${stat.dev}:${stat.ino}`
}
