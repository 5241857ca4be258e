import type { CompiledQuery, Generated, Kysely } from 'kysely'

/** The tables, for Kysely. Times are whole seconds since 1970. */
export interface MacDatabase {
  readonly mac_credentials: CredentialsTable
  /**
   * When each key was last used. A table of its own, because a change of mac_credentials makes all caches out
   * of date.
   */
  readonly mac_usage: {
    readonly credential: string
    readonly key_number: number
    readonly used: number
  }
  /** How many requests in a credential's name were rejected, for each hour since 1970. */
  readonly mac_failures: {
    readonly credential: string
    readonly hour: number
    readonly count: number
  }
  /** The history: changes of credentials. */
  readonly mac_audit: {
    readonly number: Generated<number>
    readonly at: number
    readonly action: string
    readonly credential: string
    readonly user: string
    /** More about the change, as JSON. */
    readonly detail: string
    /** The person who made the change; `null` if code made it. */
    readonly actor: string | null
  }
  /** How many requests had one result, in one minute of the last hour or one hour of the last day. */
  readonly mac_traffic: {
    /** The empty text stands for all requests. No credential has it as its identifier. */
    readonly credential: string
    /** The length of the period: 60 or 3600. */
    readonly seconds: number
    /** When the period starts, in seconds since 1970. */
    readonly start: number
    /** `accepted`, or the code of the error. */
    readonly code: string
    readonly count: number
  }
  /** The journal of nonces: a row for each batch with new nonces, in the order of their commits. */
  readonly mac_nonce_log: {
    readonly seq: number
    /** Random. It distinguishes a row from another with the same number, as after a restore. */
    readonly tag: number
    /** The latest timestamp in `entries`. */
    readonly latest: number
    /** The batch's timestamps and fingerprints: see journal-entries.ts. */
    readonly entries: Uint8Array
  }
  /** Numbers by name. */
  readonly mac_state: { readonly name: StateName; readonly value: number }
  /** One row for each migration that was run. */
  readonly mac_schema: { readonly version: number }
}

/**
 * The names in `mac_state`:
 * - `nonce_floor`: requests with an earlier timestamp are rejected, because their nonces were removed.
 * - `keep_seconds`, `keep_confirmed`: how long nonces are kept, and when a process last confirmed that.
 * - `nonce_salt`: the secret number with which fingerprints are computed.
 * - `halted`: where nonces are kept, or that a sync of the write-ahead log failed: see `PLACE`.
 * - `credentials_mark`: the version of the credentials, a new random number after each change or removal.
 * - `ahead_seconds`: how far ahead of the server's clock a timestamp may be. Only in PostgreSQL.
 * - `unsynced`: 1 if a crash may lose commits, because they are not synced. Only in PostgreSQL.
 * - `nonce_home`: the Redis to which the nonces were moved last: see `homeOf`. Missing if they never were.
 * - `resealing`: when the lease of a running reseal ends, in milliseconds since 1970. Only during a reseal.
 */
export type StateName =
  | 'nonce_floor'
  | 'keep_seconds'
  | 'keep_confirmed'
  | 'nonce_salt'
  | 'halted'
  | 'credentials_mark'
  | 'ahead_seconds'
  | 'unsynced'
  | 'nonce_home'
  | 'resealing'

interface CredentialsTable {
  readonly id: string
  readonly user: string
  readonly key: string
  readonly algorithm: string
  readonly label: string | null
  readonly created: number
  readonly expires: number | null
  readonly revoked: number | null
  readonly clock_offset: number | null
  readonly disabled: number | null
  /** The scopes, separated by spaces. */
  readonly scopes: Generated<string>
  /** The number of `key`: 1 for the first key of the credential. */
  readonly key_number: Generated<number>
  /** The key id of the sealing key that sealed `key`; `null` if `key` is not sealed. */
  readonly key_sealed_by: string | null
  /** When the last rotation was; `null` if there was none. */
  readonly rotated: number | null
  /** The old key: the current key before the last rotation. Its number is one less. */
  readonly old_key: string | null
  readonly old_algorithm: string | null
  readonly old_sealed_by: string | null
  /** The time from which the old key is no longer valid. */
  readonly old_until: number | null
  /** The rate limit, if the credential has its own. */
  readonly limit_requests: number | null
  readonly limit_seconds: number | null
  /** The time from which the cleanup removes the row, for a credential that removes itself. */
  readonly remove_at: number | null
}

/** A row as a driver returns it. */
export type Row = Readonly<Record<string, unknown>>

/** The query for all of `mac_state`: see {@link stateOf}. */
export function allState(db: Kysely<MacDatabase>): CompiledQuery {
  return db.selectFrom('mac_state').selectAll().compile()
}

/** Returns the numbers by their names, from the rows of {@link allState}. */
export function stateOf(rows: readonly Row[]): ReadonlyMap<StateName, number> {
  return new Map(rows.map(({ name, value }) => [name as StateName, Number(value)]))
}

/** The query that sets a number. */
export function setState(db: Kysely<MacDatabase>, name: StateName, value: number): CompiledQuery {
  return db.updateTable('mac_state').set({ value }).where('name', '=', name).compile()
}

/** The query that raises a number. It does not lower it. */
export function raiseState(db: Kysely<MacDatabase>, name: StateName, value: number): CompiledQuery {
  return db
    .updateTable('mac_state')
    .set({ value })
    .where('name', '=', name)
    .where('value', '<', value)
    .compile()
}

/**
 * Returns a number that was read from `mac_state`. A missing row must not count as 0: without the floor, or
 * without the version of the credentials, requests would be accepted that must be rejected.
 *
 * @throws Error if the row is missing.
 */
export function present(name: StateName, value: unknown): number {
  if (value !== null && value !== undefined) return Number(value)
  throw new Error(
    `its table mac_state lacks the row ${name}, without which no request can be accepted safely. ` +
      'Restore the database from a backup, or start with a new database and new keys.',
  )
}
