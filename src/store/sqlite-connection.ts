import type { CompiledQuery } from 'kysely'
import type { Checkpoints } from './checkpoints.ts'
import type { Answer, Connection, Durability, Sync } from './connection.ts'
import type { SqliteHandle } from './drivers/sqlite-handle.ts'
import { type Row, type Steps, takeNow } from './steps.ts'

/** A later commit syncs the ones before as well, since all go to one log in their order. */
const DURABILITY = { 'at once': 'full', later: 'normal' } as const

/**
 * A connection to a SQLite database through the driver's own prepared statements: what Kysely
 * compiles is run without its executor, at once. A transaction cannot be seen half done, nor joined.
 */
export class SqliteConnection implements Connection {
  readonly #handle: SqliteHandle
  readonly #durability: Durability
  readonly #checkpoints: Checkpoints

  /** @param checkpoints What keeps the log of a file short; it may hold writes for a moment. */
  constructor(handle: SqliteHandle, durability: Durability, checkpoints: Checkpoints) {
    this.#handle = handle
    this.#durability = durability
    this.#checkpoints = checkpoints
    this.#synchronous(durability)
  }

  run(query: CompiledQuery, sync: Sync = 'by durability'): Answer<readonly Row[]> {
    return this.#whenFree(() => this.#with(sync, () => this.#run(query)))
  }

  transact<Result>(steps: () => Steps<Result>, sync: Sync): Answer<Result> {
    return this.#whenFree(() => this.#with(sync, () => this.#transact(steps)))
  }

  tidy(): void {
    this.#checkpoints.tidy()
  }

  #whenFree<Result>(work: () => Result): Answer<Result> {
    const { hold } = this.#checkpoints
    return hold === null ? work() : hold.then(() => this.#whenFree(work))
  }

  #run({ sql, parameters }: CompiledQuery): readonly Row[] {
    const rows = this.#handle.all(sql, parameters)
    this.#checkpoints.wrote(rows.length)
    return rows
  }

  #transact<Result>(steps: () => Steps<Result>): Result {
    this.#handle.all('begin immediate', [])
    try {
      const result = takeNow(steps(), (query) => this.#run(query))
      this.#handle.all('commit', [])
      return result
    } catch (error) {
      // Where SQLite itself rolled back (a full disk), there is nothing left to roll back.
      attempt(() => this.#handle.all('rollback', []))
      throw error
    }
  }

  #with<Result>(sync: Sync, work: () => Result): Result {
    const durability = sync === 'by durability' ? this.#durability : DURABILITY[sync]
    if (durability === this.#durability) return work()
    this.#synchronous(durability)
    try {
      return work()
    } finally {
      this.#synchronous(this.#durability)
    }
  }

  #synchronous(durability: Durability): void {
    this.#handle.exec(`pragma synchronous = ${durability}`)
  }
}

function attempt(work: () => unknown): void {
  try {
    work()
  } catch {}
}
