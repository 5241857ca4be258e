import { MOST_FINGERPRINTS } from './fingerprints.ts'
import type { NonceSource } from './nonce-source.ts'
import { type KeySealer, UNSEALED } from './sealing/sealer.ts'
import type { TrafficCounters } from './usage/traffic-counters.ts'

/** How to open a store. Each setting has a default. */
export interface StoreSettings {
  /** Seals and opens keys. */
  readonly sealer: KeySealer
  /** Where nonces are kept; `null` for the database itself. */
  readonly nonces: NonceSource | null
  /**
   * Whether nonces are not opened, for commands that only read and change credentials: they work without Redis, and
   * do not decide where servers keep nonces.
   */
  readonly onlyCredentials: boolean
  /** The maximum number of nonces in memory, for SQLite. */
  readonly mostNonces: number
  /** Where requests are counted. It may have counts from the time before the store is open. */
  readonly traffic: TrafficCounters
  /**
   * How far ahead of a server's clock a timestamp may be, and how long after it a nonce is still needed, in
   * seconds: the window, and the largest clock offset.
   */
  readonly keepSeconds: number
  /** How long a request waits for a store on another machine, in seconds. */
  readonly timeoutSeconds: number
  /** The maximum number of connections to PostgreSQL, if withmac opens them. */
  readonly connections: number
  /** Whether statements are prepared in PostgreSQL, and stay there for the life of a connection. */
  readonly preparedStatements: boolean
}

export const DEFAULT_SETTINGS: Omit<StoreSettings, 'traffic'> = {
  sealer: UNSEALED,
  nonces: null,
  onlyCredentials: false,
  mostNonces: MOST_FINGERPRINTS,
  keepSeconds: 300,
  timeoutSeconds: 2,
  connections: 8,
  preparedStatements: true,
}
