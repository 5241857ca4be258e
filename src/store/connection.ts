import { type CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely'
import type { SqliteHandle } from './drivers/sqlite-handle.ts'
import type { MacDatabase, Row } from './schema.ts'

/**
 * A coroutine that works on the database: each `yield` hands out a query and gets its rows back, or throws
 * the error of the query. So it is written once, for drivers that return rows and for those that return
 * promises.
 */
export type Coroutine<Result> = Generator<CompiledQuery, Result, readonly Row[]>

/** The result of a driver: a value, or a promise of it. */
export type MaybePromise<Result> = Result | Promise<Result>

/** Calls `next` with the value: now, or when the promise has resolved. */
export function whenResolved<From, To>(
  result: MaybePromise<From>,
  next: (value: From) => To,
): MaybePromise<To> {
  return result instanceof Promise ? result.then(next) : next(result)
}

/** Calls `work`. If it throws, or its promise rejects, calls `otherwise` with the error. */
export function attempted<Result>(
  work: () => MaybePromise<Result>,
  otherwise: (error: unknown) => MaybePromise<Result>,
): MaybePromise<Result> {
  try {
    const result = work()
    return result instanceof Promise ? result.catch(otherwise) : result
  } catch (error) {
    return otherwise(error)
  }
}

/**
 * When a commit is synced: at once, or by a later sync, which covers all commits before it. For a Kysely of
 * the caller, the caller's settings decide.
 */
export type SyncMode = 'at once' | 'later'

/** The connection through which nonces are recorded and removed. A method may also throw synchronously. */
export interface Connection {
  /** Runs a query outside of a transaction. */
  run(query: CompiledQuery): MaybePromise<readonly Row[]>
  /** Runs a coroutine in one transaction, which has the write lock from its start. */
  transact<Result>(work: () => Coroutine<Result>, mode: SyncMode): MaybePromise<Result>
}

const SYNCHRONOUS = { 'at once': 'full', later: 'normal' } as const

/**
 * A connection to a SQLite database through the driver's own prepared statements. It runs the queries that
 * Kysely compiled, without Kysely's executor, so it is synchronous: no other query can come into a
 * transaction.
 */
export class SqliteConnection implements Connection {
  readonly #handle: SqliteHandle
  #mode: SyncMode | null = null

  constructor(handle: SqliteHandle) {
    this.#handle = handle
  }

  run({ sql, parameters }: CompiledQuery): readonly Row[] {
    return this.#handle.all(sql, parameters)
  }

  transact<Result>(work: () => Coroutine<Result>, mode: SyncMode): Result {
    if (mode !== this.#mode) {
      this.#handle.exec(`pragma synchronous = ${SYNCHRONOUS[mode]}`)
      this.#mode = mode
    }
    this.#handle.all('begin immediate', [])
    try {
      const result = runSync(work(), (query) => this.run(query))
      this.#handle.all('commit', [])
      return result
    } catch (error) {
      // If SQLite itself has rolled back (disk full), the rollback fails. That is ignored.
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

/** Runs a coroutine with a driver that returns rows. */
function runSync<Result>(
  work: Coroutine<Result>,
  run: (query: CompiledQuery) => readonly Row[],
): Result {
  let step = work.next()
  while (!step.done) {
    let rows: readonly Row[]
    try {
      rows = run(step.value)
    } catch (error) {
      step = work.throw(error)
      continue
    }
    step = work.next(rows)
  }
  return step.value
}

/** A connection that is shared with other queries: the caller's Kysely, or that of a database in memory. */
export class KyselyConnection implements Connection {
  readonly #db: Kysely<MacDatabase>
  readonly #transaction: Transaction

  constructor(db: Kysely<MacDatabase>, transaction: Transaction) {
    this.#db = db
    this.#transaction = transaction
  }

  async run(query: CompiledQuery): Promise<readonly Row[]> {
    return (await this.#db.executeQuery<Row>(query)).rows
  }

  transact<Result>(work: () => Coroutine<Result>): Promise<Result> {
    return this.#transaction(this.#db, (locked) =>
      runAsync(work(), async (query) => (await locked.executeQuery<Row>(query)).rows),
    )
  }
}

/** Runs a coroutine with a driver that returns promises. */
async function runAsync<Result>(
  work: Coroutine<Result>,
  run: (query: CompiledQuery) => Promise<readonly Row[]>,
): Promise<Result> {
  let step = work.next()
  while (!step.done) {
    let rows: readonly Row[]
    try {
      rows = await run(step.value)
    } catch (error) {
      step = work.throw(error)
      continue
    }
    step = work.next(rows)
  }
  return step.value
}

/** Runs work in a transaction: all of its changes are made, or none. */
export type Transaction = <DB, Result>(
  db: Kysely<DB>,
  work: (locked: Kysely<DB>) => Promise<Result>,
) => Promise<Result>

/**
 * Runs a transaction that takes SQLite's write lock at its start. A transaction that first reads and then
 * writes would fail, without waiting, if another process wrote in between.
 */
export const immediately: Transaction = (db, work) => transact(db, sql`begin immediate`, work)

/**
 * Runs a transaction of PostgreSQL in which each statement sees what others have committed before it. If the
 * server ended the transaction because of a conflict, it runs once more: nothing of it was done.
 */
export const readCommitted: Transaction = (db, work) =>
  onceMore(() => transact(db, sql`begin isolation level read committed`, work))

/** The SQLSTATE codes of a deadlock, and of a conflict with another transaction. */
const CONFLICTS: ReadonlySet<unknown> = new Set(['40P01', '40001'])

/**
 * Runs work in PostgreSQL. If the server rolled it back because of a conflict, it runs once more: nothing of it was
 * done. After any other failure that is not certain.
 */
export async function onceMore<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!CONFLICTS.has((error as { code?: unknown } | null)?.code)) throw error
    return work()
  }
}

function transact<DB, Result>(
  db: Kysely<DB>,
  begin: RawBuilder<unknown>,
  work: (locked: Kysely<DB>) => Promise<Result>,
): Promise<Result> {
  return db.connection().execute(async (connection) => {
    await begin.execute(connection)
    let result: Result
    try {
      result = await work(connection)
      await sql`commit`.execute(connection)
    } catch (error) {
      // If the database itself has rolled back (SQLite with a full disk), the rollback fails. That is ignored.
      await sql`rollback`.execute(connection).catch(() => {})
      throw error
    }
    return result
  })
}
