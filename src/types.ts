/** How many requests are taken in how many seconds. */
export interface RateLimit {
  readonly requests: number
  readonly seconds: number
}

/** The header fields that tell a client of its limit (draft-ietf-httpapi-ratelimit-headers-11). */
export interface RateLimitFields {
  /** What is allowed: `"requests";q=100;w=60`. */
  readonly 'RateLimit-Policy': string
  /** What is left of it, and the seconds until all of it is there again: `"requests";r=99;t=60`. */
  readonly RateLimit: string
}

/** What was done to a credential. */
export type AuditAction =
  | 'created'
  | 'rotated'
  | 'retired'
  | 'extended'
  | 'disabled'
  | 'enabled'
  | 'changed'
  | 'revoked'
  | 'deleted'

/** How far `reseal` has come, in credentials. */
export interface ResealProgress {
  readonly done: number
  /** How many there were to do when it began. */
  readonly total: number
}

/** The options of `reseal`. */
export interface ResealOptions {
  /** Is told after each batch, and at the end. What it throws ends the work. */
  readonly onProgress?: ((progress: ResealProgress) => void) | undefined
  /**
   * Rewrites the whole file at the end (SQLite's `VACUUM`): without that, copies of keys as they were may
   * be left between its rows. Nothing else can be written meanwhile, which takes about a second for each
   * 100 MB, so that servers may answer 503. Default: `true`, and `false` in a Kysely of your own, whose
   * other tables it would rewrite as well.
   */
  readonly vacuum?: boolean | undefined
}

/** What `reseal` came to. */
export interface Resealed {
  /** The key id of the sealing key that they are all under now. */
  readonly sealedBy: string
  /** How many credentials had a key that was not sealed by it; it is now. */
  readonly resealed: number
  /**
   * The identifiers of credentials whose keys cannot be opened, and are left as they were. Only keys that
   * were not under the current sealing key are looked at: one that was, and has been damaged, is not
   * among them. `withmac doctor` opens all of them.
   */
  readonly unopened: readonly string[]
  /**
   * Whether the write-ahead log was emptied, in which keys stand as they were before. `false` if
   * somebody was reading all the time: then do it once more.
   */
  readonly logEmptied: boolean
}
