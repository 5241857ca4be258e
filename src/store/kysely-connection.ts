import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { Connection } from './connection.ts'
import { immediately } from './immediately.ts'
import type { MacDatabase } from './schema.ts'
import { type Row, type Steps, takeInTime } from './steps.ts'

/**
 * A Kysely on whose connection others are at work as well: a caller's own, which is as durable as the
 * caller made it, or ours of a database in memory.
 */
export class KyselyConnection implements Connection {
  readonly #db: Kysely<MacDatabase>

  constructor(db: Kysely<MacDatabase>) {
    this.#db = db
  }

  async run(query: CompiledQuery): Promise<readonly Row[]> {
    return (await this.#db.executeQuery<Row>(query)).rows
  }

  transact<Result>(steps: () => Steps<Result>): Promise<Result> {
    return immediately(this.#db, (locked) =>
      takeInTime(steps(), async (query) => (await locked.executeQuery<Row>(query)).rows),
    )
  }

  tidy(): void {}
}

/**
 * Some drivers for Kysely do not give the rows of RETURNING. With one of them every credential whose
 * clock is learned would look as if it were gone.
 *
 * @throws Error that says so.
 */
export async function checkReturning(db: Kysely<MacDatabase>): Promise<void> {
  const { rows } = await sql`update mac_state set value = value where name = 'nonce_floor'
    returning value`.execute(db)
  if (rows.length === 1) return
  throw new Error(
    'its Kysely dialect does not give the rows of RETURNING, which withmac needs. Use SqliteDialect ' +
      'with better-sqlite3, BunSqliteDialect of kysely-bun-sqlite, or a database URL.',
  )
}
