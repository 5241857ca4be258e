import type { CompiledQuery, Kysely } from 'kysely'
import { tellingBatches, tellingRemoval } from '../diagnostics/tell-work.ts'
import { GroupCommit, type Recorder } from './batch.ts'
import { storeFailure } from './busy.ts'
import type { Answer, Connection } from './connection.ts'
import type { Guard } from './guard.ts'
import { removeExpired } from './nonce-expiry.ts'
import { NonceInsert } from './nonce-insert.ts'
import type { PowerCutGuard } from './power-cut.ts'
import type { MacDatabase } from './schema.ts'
import type { Row } from './steps.ts'
import type { Nonce, NonceStore, Recorded } from './store.ts'

/** What a nonce store over SQL is made of. */
export interface SqlNoncesParts {
  /** What the operator knows the database by. */
  readonly name: string
  /** What it is called in messages. */
  readonly label: string
  /** Compiles the statements; it does not run them. */
  readonly db: Kysely<MacDatabase>
  readonly connection: Connection
  readonly guarded: Guard
  /** Where commits are not synced one by one. */
  readonly powerCut: PowerCutGuard | null
  /** Fails what takes too long, where the connection may wait for itself. */
  inTime<Result>(work: Promise<Result>): Promise<Result>
  /** Is called before each batch; what it throws counts as the store's failure. */
  check(): void
}

/** Nonces over SQL, recorded in groups. */
export class SqlNonces implements NonceStore {
  readonly #parts: SqlNoncesParts
  readonly #insert: NonceInsert
  readonly #commits: GroupCommit

  constructor(parts: SqlNoncesParts) {
    this.#parts = parts
    this.#insert = new NonceInsert(parts.db)
    const recorder: Recorder = {
      record: tellingBatches(parts.label, (batch, alike) => this.#record(batch, alike)),
      between: () => parts.connection.tidy(),
      failure: storeFailure(parts.name),
    }
    this.#commits = new GroupCommit(recorder)
  }

  record(nonce: Nonce): Promise<Recorded> {
    return this.#parts.inTime(this.#commits.record(nonce))
  }

  async prune(now: number, keepSeconds: number, limit: number): Promise<number> {
    const { connection, db, guarded, label } = this.#parts
    return tellingRemoval(label, 'nonces', () =>
      guarded(async () => connection.transact(() => removeExpired(db, now, keepSeconds, limit))),
    )
  }

  drain(): Promise<void> {
    return this.#commits.drain()
  }

  #record(batch: readonly Nonce[], alike: boolean): Answer<readonly Recorded[]> {
    this.#parts.check()
    const rows = this.#run(batch, this.#insert.query(batch, alike))
    if (rows instanceof Promise) {
      return rows.then((all) => this.#insert.recorded(batch, all, alike))
    }
    return this.#insert.recorded(batch, rows, alike)
  }

  #run(batch: readonly Nonce[], query: CompiledQuery): Answer<readonly Row[]> {
    const { connection, powerCut } = this.#parts
    if (powerCut === null) return connection.run(query)
    const latest = Math.max(...batch.map(({ timestamp }) => timestamp))
    if (powerCut.covers(latest)) return connection.run(query)
    const now = Math.max(...batch.map((nonce) => nonce.now))
    return (async () => {
      await powerCut.raise(connection, now)
      return powerCut.covers(latest) ? connection.run(query) : connection.runSynced(query)
    })()
  }
}
