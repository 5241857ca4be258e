import type { CompiledQuery, Kysely } from 'kysely'
import type { Connection } from './connection.ts'
import { inTime } from './guard.ts'
import { immediately } from './immediately.ts'
import type { MacDatabase } from './schema.ts'
import { type Row, type Steps, takeInTime } from './steps.ts'

/** A caller's own Kysely, which is as durable as the caller made it. */
export class KyselyConnection implements Connection {
  readonly #db: Kysely<MacDatabase>

  constructor(db: Kysely<MacDatabase>) {
    this.#db = db
  }

  async run(query: CompiledQuery): Promise<readonly Row[]> {
    return (await inTime(this.#db.executeQuery<Row>(query))).rows
  }

  runSynced(query: CompiledQuery): Promise<readonly Row[]> {
    return this.run(query)
  }

  transact<Result>(steps: () => Steps<Result>): Promise<Result> {
    return immediately(this.#db, (locked) =>
      takeInTime(steps(), async (query) => (await locked.executeQuery<Row>(query)).rows),
    )
  }

  tidy(): void {}
}
