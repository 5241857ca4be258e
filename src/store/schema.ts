import type { Generated } from 'kysely'

/** The tables, as Kysely sees them. Times are whole seconds since 1970. */
export interface MacDatabase {
  readonly mac_credentials: CredentialsTable
  /** When each key of a credential was last used: apart, since a change of a credential is told to all. */
  readonly mac_usage: {
    readonly credential: string
    readonly key_number: number
    readonly used: number
  }
  /** How many requests in a credential's name were rejected, by the hours since 1970. */
  readonly mac_failures: {
    readonly credential: string
    readonly hour: number
    readonly count: number
  }
  /** What was done to credentials. */
  readonly mac_audit: {
    readonly number: Generated<number>
    readonly at: number
    readonly action: string
    readonly credential: string
    readonly user: string
    /** What else is worth knowing, as JSON. */
    readonly detail: string
  }
  /** The journal of nonces: a row for each batch, in the order of their commits. */
  readonly mac_nonce_log: {
    readonly seq: number
    /** Random: tells a row from another that came to have its number, as after a restore. */
    readonly tag: number
    /** The latest timestamp in `entries`. */
    readonly latest: number
    /** The batch's timestamps and fingerprints: see journal-entries.ts. */
    readonly entries: Uint8Array
  }
  /** Single numbers. */
  readonly mac_state: { readonly name: StateName; readonly value: number }
  /** One row for each migration that was run. */
  readonly mac_schema: { readonly version: number }
}

/**
 * What `mac_state` holds. `nonce_floor`, `keep_seconds`, `keep_confirmed`: how far nonces were removed, and
 * how long they are kept. `nonce_salt`: what their fingerprints are made with. `halted`: 1 after a sync of
 * the log failed. `credentials_mark`: another number after each change of a credential. `resealing`: until
 * when a reseal is at work, in milliseconds; it is there only then.
 */
export type StateName =
  | 'nonce_floor'
  | 'keep_seconds'
  | 'keep_confirmed'
  | 'nonce_salt'
  | 'halted'
  | 'credentials_mark'
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
  /** The scopes, with a space between two. */
  readonly scopes: Generated<string>
  /** Which of the credential's keys `key` is: 1 for the first. */
  readonly key_number: Generated<number>
  /** The key id of what sealed `key`, `null` if it is as it was written. */
  readonly key_sealed_by: string | null
  /** When `key` took the place of another. */
  readonly rotated: number | null
  /** The key before, whose number is one less. */
  readonly old_key: string | null
  readonly old_algorithm: string | null
  readonly old_sealed_by: string | null
  /** The moment from which the key before is no longer valid. */
  readonly old_until: number | null
  /** How many requests in how many seconds, if the credential has a limit of its own. */
  readonly limit_requests: number | null
  readonly limit_seconds: number | null
  /** The moment from which the row itself may go, of one that nobody will look for. */
  readonly remove_at: number | null
}
