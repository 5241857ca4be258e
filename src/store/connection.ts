import type { CompiledQuery, Kysely } from 'kysely'
import type { SqliteHandle } from './drivers/sqlite-handle.ts'
import { immediately } from './immediately.ts'
import type { MacDatabase } from './schema.ts'

/** A row as a driver gives it. */
export type Row = Readonly<Record<string, unknown>>

/**
 * Work on the database, query by query: each `yield` hands out a query and gets its rows back, or throws
 * what the query failed with. So it is written once, whether the driver answers at once or with a promise.
 */
export type Steps<Result> = Generator<CompiledQuery, Result, readonly Row[]>

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
}

const SYNCHRONOUS = { 'at once': 'full', later: 'normal' } as const

/**
 * A connection to a SQLite database through the driver's own prepared statements: what Kysely
 * compiles is run without its executor, at once. A transaction cannot be seen half done, nor joined.
 */
export class SqliteConnection implements Connection {
  readonly #handle: SqliteHandle
  #sync: Sync | null = null

  constructor(handle: SqliteHandle) {
    this.#handle = handle
  }

  run({ sql, parameters }: CompiledQuery): readonly Row[] {
    return this.#handle.all(sql, parameters)
  }

  transact<Result>(steps: () => Steps<Result>, sync: Sync): Result {
    if (sync !== this.#sync) {
      this.#handle.exec(`pragma synchronous = ${SYNCHRONOUS[sync]}`)
      this.#sync = sync
    }
    this.#handle.all('begin immediate', [])
    try {
      const result = takeNow(steps(), (query) => this.run(query))
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

/** Takes the steps with a driver that answers at once: nothing can come in between. */
function takeNow<Result>(
  steps: Steps<Result>,
  run: (query: CompiledQuery) => readonly Row[],
): Result {
  let step = steps.next()
  while (!step.done) {
    let rows: readonly Row[]
    try {
      rows = run(step.value)
    } catch (error) {
      step = steps.throw(error)
      continue
    }
    step = steps.next(rows)
  }
  return step.value
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
}

/** Takes the steps with a driver that answers in time. */
async function takeInTime<Result>(
  steps: Steps<Result>,
  run: (query: CompiledQuery) => Promise<readonly Row[]>,
): Promise<Result> {
  let step = steps.next()
  while (!step.done) {
    let rows: readonly Row[]
    try {
      rows = await run(step.value)
    } catch (error) {
      step = steps.throw(error)
      continue
    }
    step = steps.next(rows)
  }
  return step.value
}
