import { withDatabase } from './with-database.ts'

/** How many nonces lie in a database file, seen through a connection of its own. */
export function nonceRows(path: string): Promise<number> {
  return withDatabase(path, async (db) => {
    const count = db.selectFrom('mac_nonces').select((build) => build.fn.countAll().as('rows'))
    return Number((await count.executeTakeFirstOrThrow()).rows)
  })
}
