import { type Kysely, sql } from 'kysely'

/**
 * Runs a transaction that takes SQLite's write lock at its start. One that reads first and writes
 * later fails at once, without waiting, where another process wrote in between.
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
      // Where SQLite itself rolled back (a full disk), there is nothing left to roll back.
      await sql`rollback`.execute(connection).catch(() => {})
      throw error
    }
    return result
  })
}
