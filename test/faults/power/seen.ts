import { Database } from 'bun:sqlite'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ENTRY_BYTES } from '../../../src/store/journal-entries.ts'

/** How many nonces a database holds. */
export function see(path: string): number {
  const database = new Database(path)
  try {
    const bytes = database.query('select total(length(entries)) as bytes from mac_nonce_log').get()
    return Number((bytes as { bytes: number }).bytes) / ENTRY_BYTES
  } finally {
    database.close()
  }
}

/** Looks into a copy of the files, since a look at themselves would bring the log into the database. */
export function seeCopy(path: string): number {
  const folder = mkdtempSync(join(path, '../look-'))
  try {
    const copy = join(folder, 'mac.db')
    for (const end of ['', '-wal']) copyFileSync(path + end, copy + end)
    return see(copy)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
