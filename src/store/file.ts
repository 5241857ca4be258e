import { closeSync, lstatSync, openSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isPermitted } from '../environment.ts'

/**
 * Creates the database file if it does not exist, readable only by its owner, because it contains keys.
 * SQLite gives the files beside it the same mode.
 *
 * A file that exists is not opened. To close a descriptor of it would drop the locks that this process
 * holds through SQLite. Then another program could believe that it is the last one, and remove the
 * write-ahead log with its commits.
 */
export function createPrivately(path: string): void {
  try {
    const there = statSync(path, { throwIfNoEntry: false })
    if (there?.isDirectory()) throw new Error('it is a folder: name a file in it.')
    if (there !== undefined) return
    // 'ax' fails for a link to a file that does not exist yet. Without a link it must be 'ax': another
    // thread of this process may have created the file in between, and have it open.
    const isLink = lstatSync(path, { throwIfNoEntry: false }) !== undefined
    closeSync(openSync(path, isLink ? 'a' : 'ax', 0o600))
  } catch (cause) {
    const { code } = cause as { code?: unknown }
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw cause
    throw new Error(`there is no folder ${dirname(path)}: create it first.`, { cause })
  }
}

/** The minimum time between two checks of the file. */
const CHECK_INTERVAL_MS = 1000

/**
 * Detects that the database file, or its write-ahead log, was deleted or replaced while it is open. The
 * process would go on with the deleted file, which has no name any more. It would not see what other processes
 * write to the new file, such as a revocation, and what is only in the deleted write-ahead log would be lost
 * with the next restart.
 *
 * @returns A function that throws if one of the files is not the same as at first. It looks at most once a
 *   second, until it has thrown.
 */
export function fileWatch(path: string): () => void {
  const first = inode(path)
  const wal = `${realpathSync(path)}-wal`
  const seesWal = isPermitted({ name: 'read', path: wal })
  // SQLite creates the write-ahead log with the first query.
  let firstWal: string | null = null
  let looked = performance.now()
  let lost: string | null = null
  return () => {
    if (lost !== null || performance.now() - looked >= CHECK_INTERVAL_MS) {
      looked = performance.now()
      const walNow = seesWal ? inode(wal) : null
      firstWal ??= walNow
      lost = inode(path) !== first ? path : walNow !== firstWal ? wal : null
    }
    if (lost === null) return
    const what = lost === path ? `database file ${path}` : `write-ahead log ${wal} of the database`
    const then =
      lost === path
        ? 'Restart to use the new one.'
        : 'Stop all processes that use it, and start them again.'
    throw new Error(`The ${what} was deleted or replaced while it was open. ${then}`)
  }
}

/**
 * Returns an identifier of the file; `null` if there is no file. While the file is open, another file of the
 * same name does not have it.
 */
export function inode(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? null : `${stat.dev}:${stat.ino}`
}
