import type { CompiledQuery, Kysely } from 'kysely'
import type { Connection } from './connection.ts'
import type { Guard } from './guard.ts'
import type { Syncing } from './log-sync.ts'
import type { MacDatabase, Row } from './schema.ts'
import type { Language } from './sql-language.ts'
import type { NonceStore } from './types.ts'
import type { UsageCounters } from './usage/usage-counters.ts'

/** An open database: its names, and how to run queries on it. */
export interface OpenDatabase {
  /** The language of its SQL. */
  readonly language: Language
  /** The start of error messages, such as `The database /srv/mac.db`. */
  readonly nameInErrors: string
  /** What diagnostic messages call it: see `databaseLabel`. */
  readonly label: string
  /** The database file, if withmac opened it. */
  readonly path: string | null
  /** Runs the queries on credentials. The journal only compiles its statements with it. */
  readonly db: Kysely<MacDatabase>
  /** Runs the statements of the journal. */
  readonly connection: Connection
  /**
   * How long a request without a deadline waits for the database, in milliseconds; `null` for SQLite, which is
   * on the same machine.
   */
  readonly timeout: number | null
  /**
   * Runs a statement that looks up a credential.
   * @param name Its name. Each text has a name of its own.
   */
  lookUp(name: string, query: CompiledQuery): Promise<readonly Row[]>
  /**
   * Creates what syncs the write-ahead log; it calls `onFailedSync` if a sync fails. `null` if withmac does
   * not sync the write-ahead log.
   */
  readonly sync: ((onFailedSync: (error: Error) => void) => Syncing) | null
  /** Throws if the work takes too long, on a connection that may wait for itself. */
  inTime<Result>(work: Promise<Result>): Promise<Result>
}

/** What the two parts of a store need: the credential store, and the journal. */
export interface StoreParts extends OpenDatabase {
  readonly guarded: Guard
  readonly counters: UsageCounters
  /** The maximum number of nonces in memory. */
  readonly mostNonces: number
  /** See `StoreSettings.keepSeconds`. */
  readonly keepSeconds: number
  /** Is called before each batch. If it throws, the store has failed. */
  check(): void
  /** Waits until a running write of usage has ended. Who reads usage calls it first. */
  settled(): Promise<void>
}

/** A store of nonces, with what the store needs to close it. */
export interface NonceEngine extends NonceStore {
  /** Waits until a running write of usage has ended, if usage is not written together with nonces. */
  settled?(): Promise<void>
  /** Waits until all nonces are recorded, and writes the usage that is left. */
  close(): Promise<void>
}

/** A database of one engine, before its tables are migrated. */
export interface EngineDatabase extends OpenDatabase {
  /** Throws if the database cannot be used any more, such as a deleted file. Must be fast. */
  watch(): void
  /** Creates the tables, or migrates them. */
  migrate(): Promise<void>
  /** Opens the store of nonces in this database. */
  openNonces(parts: StoreParts): Promise<NonceEngine>
  /** Closes the connections that withmac opened. */
  close(): Promise<void>
}
