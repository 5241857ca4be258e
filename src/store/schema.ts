/** The tables, as Kysely sees them. Times are whole seconds since 1970. */
export interface MacDatabase {
  readonly mac_credentials: CredentialsTable
  readonly mac_nonces: NoncesTable
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
}

/** Clustered by time: expiry deletes a range at one end, inserts append near the other. */
interface NoncesTable {
  readonly ts: number
  readonly credential: string
  readonly nonce: string
}

/**
 * Single numbers. `nonce_floor`, `keep_seconds`, `keep_confirmed`: how far nonces were removed, and
 * how long they are kept. `credentials_version`: another number after each change of a credential. `boot`, `high_water`:
 * what a power cut may have lost.
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
  | 'credentials_version'
  | 'boot'
  | 'high_water'

/** One row for each migration that was run. */
interface SchemaTable {
  readonly version: number
}
