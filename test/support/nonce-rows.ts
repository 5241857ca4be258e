import { Database } from 'bun:sqlite'

/** How many nonces lie in a database file, seen through a connection of its own. */
export function nonceRows(path: string): number {
  const database = new Database(path, { readonly: true })
  try {
    const row = database.query('select count(*) as rows from mac_nonces').get()
    return (row as { rows: number }).rows
  } finally {
    database.close()
  }
}
