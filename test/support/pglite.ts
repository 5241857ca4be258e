import { PGlite } from '@electric-sql/pglite'
import { PostgresDialect, type PostgresPoolClient } from 'kysely'

/** Opens a PostgreSQL that runs in this process, in memory. It has one connection. */
export function openPglite(): Promise<PGlite> {
  return PGlite.create()
}

/** @returns A Kysely dialect for PGlite: a pool with one connection, which is lent to one user after the other. */
export function pgliteDialect(database: PGlite): PostgresDialect {
  let last: Promise<unknown> = Promise.resolve()
  const connect = async (): Promise<PostgresPoolClient> => {
    const before = last
    let release = () => {}
    last = new Promise<void>((resolve) => {
      release = resolve
    })
    await before
    const query = async (text: string, parameters: readonly unknown[]) => {
      const { rows, affectedRows } = await database.query(text, [...parameters])
      const [command = ''] = /\w+/.exec(text) ?? []
      return { command: command.toUpperCase(), rowCount: affectedRows ?? 0, rows }
    }
    return { query, release } as unknown as PostgresPoolClient
  }
  return new PostgresDialect({ pool: { connect, end: async () => {} } })
}
