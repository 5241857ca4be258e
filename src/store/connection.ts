import type { CompiledQuery, Kysely } from 'kysely'
import type { Checkpoints } from './checkpoints.ts'
import type { SqliteHandle } from './drivers/sqlite-handle.ts'
import { immediately } from './immediately.ts'
import type { MacDatabase } from './schema.ts'
import { type Row, type Steps, takeInTime, takeNow } from './steps.ts'

/** What a driver answers: at once, or in time. */
export type Answer<Result> = Result | Promise<Result>

/** Makes something of an answer when it is there: at once, if it is. */
export function whenAnswered<From, To>(answer: Answer<From>, make: (from: From) => To): Answer<To> {
  return answer instanceof Promise ? answer.then(make) : make(answer)
}

/** Does something, and something else if that fails, at once or in time. */
export function attempted<Result>(
  work: () => Answer<Result>,
  otherwise: (error: unknown) => Answer<Result>,
): Answer<Result> {
  try {
    const answer = work()
    return answer instanceof Promise ? answer.catch(otherwise) : answer
  } catch (error) {
    return otherwise(error)
  }
}

/**
 * When a commit is synced: by itself, or with a later sync, which covers all commits before it. A Kysely
 * of the caller's own syncs as the caller set it up.
 */
export type Sync = 'at once' | 'later'

/** What nonces are recorded and removed through. Whatever fails may also throw at once. */
export interface Connection {
  /** Runs a query outside of a transaction. */
  run(query: CompiledQuery): Answer<readonly Row[]>
  /** Takes steps in one transaction, which has the write lock from its start. */
  transact<Result>(steps: () => Steps<Result>, sync: Sync): Answer<Result>
  /** Brings what was written into the main file, when enough has gathered and nobody waits. */
  tidy(): void
}

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
    return this.#whenFree(() => {
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
    })
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
}

function attempt(work: () => unknown): void {
  try {
    work()
  } catch {}
}

/** A Kysely on whose connection others are at work as well: a caller's own, or ours of a database in memory. */
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
