import { Database } from 'bun:sqlite'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ENTRY_BYTES } from '../../../src/store/journal-entries.ts'

/** @returns How many nonces are in a database. */
export function countNonces(path: string): number {
  const database = new Database(path)
  try {
    const bytes = database.query('select total(length(entries)) as bytes from mac_nonce_log').get()
    return Number((bytes as { bytes: number }).bytes) / ENTRY_BYTES
  } finally {
    database.close()
  }
}

/** Counts in a copy of the files. To open the files themselves would write the log into the database. */
export function countInCopy(path: string): number {
  const folder = mkdtempSync(join(path, '../look-'))
  try {
    const copy = join(folder, 'mac.db')
    for (const end of ['', '-wal']) copyFileSync(path + end, copy + end)
    return countNonces(copy)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
