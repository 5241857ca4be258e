import { type Kysely, sql } from 'kysely'

/**
 * Runs a transaction that takes SQLite's write lock at its start. A transaction that first reads and then
 * writes would fail, without waiting, if another process wrote in between.
 */
export function immediately<DB, Result>(
  db: Kysely<DB>,
  work: (locked: Kysely<DB>) => Promise<Result>,
): Promise<Result> {
  return db.connection().execute(async (connection) => {
    await sql`begin immediate`.execute(connection)
    let result: Result
    try {
      result = await work(connection)
      await sql`commit`.execute(connection)
    } catch (error) {
      // If SQLite itself has rolled back (disk full), the rollback fails. That is ignored.
      await sql`rollback`.execute(connection).catch(() => {})
      throw error
    }
    return result
  })
}
