import type { CompiledQuery } from 'kysely'
import type { Connection, Durability } from './connection.ts'
import type { SqliteHandle } from './drivers/sqlite-handle.ts'
import { type Row, type Steps, takeNow } from './steps.ts'

/**
 * How many pages may gather in the log before they are brought into the main file. SQLite would do it
 * within the commit that fills the thousandth, while its requests wait.
 */
const PAGES_BETWEEN_CHECKPOINTS = 1000
/** Where SQLite does it all the same. */
const PAGES_AT_MOST = 4000

/**
 * A connection to a SQLite database through the driver's own prepared statements: what Kysely
 * compiles is run without its executor, at once. A transaction cannot be seen half done, nor joined.
 */
export class SqliteConnection implements Connection {
  readonly #handle: SqliteHandle
  readonly #durability: Durability
  /** How many rows went into the log since the last checkpoint. */
  #rows = 0
  /** How many may. What a row takes is known from the last time; at first, a page is guessed. */
  #mostRows = PAGES_BETWEEN_CHECKPOINTS

  constructor(handle: SqliteHandle, durability: Durability) {
    this.#handle = handle
    this.#durability = durability
    this.#synchronous(durability)
    handle.exec(`pragma wal_autocheckpoint = ${PAGES_AT_MOST}`)
  }

  run({ sql, parameters }: CompiledQuery): readonly Row[] {
    const rows = this.#handle.all(sql, parameters)
    this.#rows += rows.length
    return rows
  }

  runSynced(query: CompiledQuery): readonly Row[] {
    return this.#with('full', () => this.run(query))
  }

  transact<Result>(steps: () => Steps<Result>): Result {
    // A later commit syncs this one as well, since all go to one log in their order.
    return this.#with('normal', () => {
      this.#handle.all('begin immediate', [])
      try {
        const result = takeNow(steps(), (query) => this.run(query))
        this.#handle.all('commit', [])
        return result
      } catch (error) {
        // Where SQLite itself rolled back (a full disk), there is nothing left to roll back.
        attempt(() => this.#handle.all('rollback', []))
        throw error
      }
    })
  }

  tidy(): void {
    if (this.#rows < this.#mostRows) return
    // One that fails, since another process is at it or the disk is full, is left to the next.
    attempt(() => {
      const [result] = this.#handle.all('pragma wal_checkpoint(passive)', [])
      const pages = Number(result?.log)
      if (pages > 0) this.#mostRows = (PAGES_BETWEEN_CHECKPOINTS * this.#rows) / pages
    })
    this.#rows = 0
  }

  #with<Result>(durability: Durability, work: () => Result): Result {
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
