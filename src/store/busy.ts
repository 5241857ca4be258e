/** How long to wait for another process's lock in all, in milliseconds. */
const PATIENCE = 2000

/** Whether a wait for a lock that began at `since` may go on. Both moments are `performance.now()`. */
export function withinPatience(since: number, now: number): boolean {
  return now - since <= PATIENCE
}

/** SQLite's BUSY and LOCKED, as bun:sqlite and better-sqlite3, Node's, and Deno's driver tell them. */
export function isBusy(error: unknown): boolean {
  const { code, errcode, message } = (error ?? {}) as Record<string, unknown>
  if (typeof code === 'string' && /^SQLITE_(BUSY|LOCKED)/.test(code)) return true
  if (typeof errcode === 'number') return (errcode & 0xff) === 5 || (errcode & 0xff) === 6
  return typeof message === 'string' && /^database (?:table )?is locked\b/.test(message)
}

/** Whether SQLite could not sync a file. A later sync may succeed, and not cover what this one was to. */
export function isFailedSync(error: unknown): boolean {
  const { code, errcode, message } = (error ?? {}) as Record<string, unknown>
  if (typeof code === 'string' && code.startsWith('SQLITE_')) return code === 'SQLITE_IOERR_FSYNC'
  if (typeof errcode === 'number') return errcode === SQLITE_IOERR_FSYNC
  // Deno's driver tells no more than that.
  return typeof message === 'string' && /^disk I\/O error\b/.test(message)
}

const SQLITE_IOERR_FSYNC = 1034
