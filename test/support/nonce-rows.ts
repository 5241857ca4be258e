import { ENTRY_BYTES } from '../../src/store/journal-entries.ts'
import { withDatabase } from './with-database.ts'

/** @returns How many nonces are in a database file, read through a separate connection. */
export function nonceRows(path: string): Promise<number> {
  return withDatabase(path, async (db) => {
    const rows = await db.selectFrom('mac_nonce_log').select('entries').execute()
    return rows.reduce((sum, { entries }) => sum + entries.length / ENTRY_BYTES, 0)
  })
}
