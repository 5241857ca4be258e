import { sql } from 'kysely'
import { withDatabase } from './with-database.ts'

/** Adds triggers to a database file that count the writes to the tables of usage and failures. */
export function countUsageWrites(path: string): Promise<void> {
  return withDatabase(path, async (db) => {
    await sql`create table writes (kind text not null)`.execute(db)
    for (const table of ['mac_usage', 'mac_failures']) {
      for (const event of ['insert', 'update']) {
        const name = sql.ref(`count_${table}_${event}`)
        await sql`create trigger ${name} after ${sql.raw(event)} on ${sql.ref(table)}
          begin insert into writes values (${sql.lit(table)}); end`.execute(db)
      }
    }
  })
}

/** @returns How many writes were counted. */
export function usageWrites(path: string): Promise<{ uses: number; failures: number }> {
  return withDatabase(path, async (db) => {
    const query = sql<{ kind: string; count: number }>`
      select kind, count(*) as count from writes group by kind`
    const { rows } = await query.execute(db)
    const of = (kind: string) => rows.find((row) => row.kind === kind)?.count ?? 0
    return { uses: of('mac_usage'), failures: of('mac_failures') }
  })
}
