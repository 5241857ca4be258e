import type { CompiledQuery } from 'kysely'
import type { Checkpoints } from './checkpoints.ts'
import type { Answer, Connection, Sync } from './connection.ts'
import type { SqliteHandle } from './drivers/sqlite-handle.ts'
import { type Row, type Steps, takeNow } from './steps.ts'

const SYNCHRONOUS = { 'at once': 'full', later: 'normal' } as const

/** Of how many values a page of the log comes about: rows of the journal are on one, others on any. */
const VALUES_ON_A_PAGE = 2

/**
 * A connection to a SQLite database through the driver's own prepared statements: what Kysely
 * compiles is run without its executor, at once. A transaction cannot be seen half done, nor joined.
 */
export class SqliteConnection implements Connection {
  readonly #handle: SqliteHandle
  readonly #checkpoints: Checkpoints
  #sync: Sync | null = null

  /** @param checkpoints What keeps the log of a file short; it may hold writes for a moment. */
  constructor(handle: SqliteHandle, checkpoints: Checkpoints) {
    this.#handle = handle
    this.#checkpoints = checkpoints
  }

  run(query: CompiledQuery): Answer<readonly Row[]> {
    return this.#whenFree(() => this.#run(query))
  }

  transact<Result>(steps: () => Steps<Result>, sync: Sync): Answer<Result> {
    return this.#whenFree(() => this.#transact(steps, sync))
  }

  tidy(): void {
    this.#checkpoints.tidy()
  }

  #whenFree<Result>(work: () => Result): Answer<Result> {
    const { hold } = this.#checkpoints
    return hold === null ? work() : hold.then(() => this.#whenFree(work))
  }

  #run({ sql, parameters }: CompiledQuery): readonly Row[] {
    this.#checkpoints.wrote(parameters.length / VALUES_ON_A_PAGE)
    return this.#handle.all(sql, parameters)
  }

  #transact<Result>(steps: () => Steps<Result>, sync: Sync): Result {
    if (sync !== this.#sync) {
      this.#handle.exec(`pragma synchronous = ${SYNCHRONOUS[sync]}`)
      this.#sync = sync
    }
    this.#handle.all('begin immediate', [])
    try {
      const result = takeNow(steps(), (query) => this.#run(query))
      this.#handle.all('commit', [])
      return result
    } catch (error) {
      // If SQLite itself rolled back (a full disk), there is nothing left to roll back.
      attempt(() => this.#handle.all('rollback', []))
      throw error
    }
  }
}

function attempt(work: () => unknown): void {
  try {
    work()
  } catch {}
}
