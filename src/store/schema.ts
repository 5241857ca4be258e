import type { Generated } from 'kysely'

/** The tables, as Kysely sees them. Times are whole seconds since 1970. */
export interface MacDatabase {
  readonly mac_credentials: CredentialsTable
  readonly mac_usage: UsageTable
  readonly mac_failures: FailuresTable
  readonly mac_audit: AuditTable
  readonly mac_nonce_log: NonceLogTable
  readonly mac_state: StateTable
  readonly mac_schema: SchemaTable
}

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
  /** The scopes, with a space between two. */
  readonly scopes: Generated<string>
  /** Which of the credential's keys `key` is: 1 for the first. */
  readonly key_number: Generated<number>
  /** The key id of what sealed `key`, `null` where it is as it was written. */
  readonly key_sealed_by: string | null
  /** When `key` took the place of another. */
  readonly rotated: number | null
  /** The key before, whose number is one less. */
  readonly old_key: string | null
  readonly old_algorithm: string | null
  readonly old_sealed_by: string | null
  /** The moment from which the key before is no longer valid. */
  readonly old_until: number | null
  /** How many requests in how many seconds, where the credential has a limit of its own. */
  readonly limit_requests: number | null
  readonly limit_seconds: number | null
  /** The moment from which the row itself may go, of one that nobody will look for. */
  readonly remove_at: number | null
}

/** When each key of a credential was last used: apart, since a change of a credential is told to all. */
interface UsageTable {
  readonly credential: string
  readonly key_number: number
  readonly used: number
}

/** How many requests in a credential's name were refused, by the hours since 1970. */
interface FailuresTable {
  readonly credential: string
  readonly hour: number
  readonly count: number
}

/** What was done to credentials. */
interface AuditTable {
  readonly number: Generated<number>
  readonly at: number
  readonly action: string
  readonly credential: string
  readonly user: string
  /** What else is worth knowing, as JSON. */
  readonly detail: string
}

/** The journal of nonces: a row for each batch, in the order of their commits. */
interface NonceLogTable {
  readonly seq: number
  /** Random: tells a row from another that came to have its number, as after a restore. */
  readonly tag: number
  /** The latest timestamp in `entries`. */
  readonly latest: number
  /** The batch's timestamps and fingerprints: see journal-entries.ts. */
  readonly entries: Uint8Array
}

/**
 * Single numbers. `nonce_floor`, `keep_seconds`, `keep_confirmed`: how far nonces were removed, and
 * how long they are kept. `nonce_salt`: what their fingerprints are made with. `halted`: 1 after a sync of
 * the log failed. `credentials_mark`: another number after each change of a credential.
 */
interface StateTable {
  readonly name: StateName
  readonly value: number
}

/** What `mac_state` holds. */
export type StateName =
  | 'nonce_floor'
  | 'keep_seconds'
  | 'keep_confirmed'
  | 'nonce_salt'
  | 'halted'
  | 'credentials_mark'

/** One row for each migration that was run. */
interface SchemaTable {
  readonly version: number
}
