import type { MacError } from './errors.ts'
import type { Explanation, SeenRequest } from './explain/explanation.ts'
import type { MacAlgorithm } from './protocol/signature.ts'

/** Who signed a request, and what else its MAC vouches for. */
export interface MacIdentity {
  /** The user that the credential was created for, always as a string. */
  readonly user: string
  /** The MAC key identifier. */
  readonly id: string
  /** The algorithm of the key that made the MAC. */
  readonly algorithm: MacAlgorithm
  /** The credential's label, or `null`. */
  readonly label: string | null
  /** When the credential expires, or `null` for never. */
  readonly expires: Date | null
  /** What the credential may be used for. Only the option `scope` checks it. */
  readonly scopes: readonly string[]
  /** Which of the credential's keys made the MAC: 1 for the first, one more with each rotation. */
  readonly keyNumber: number
  /** If the key that made the MAC was replaced: when it becomes invalid. `null` for the current key. */
  readonly graceEnds: Date | null
  /**
   * The `ext` parameter, covered by the MAC; `null` if the request has none. With the option `body`, the
   * application's own part of it: what follows the digest.
   */
  readonly ext: string | null
  /** Whether the MAC covers the body as well. Always `false` without the option `body`. */
  readonly bodyVerified: boolean
  /** The client's timestamp, in seconds, by the client's clock. */
  readonly timestamp: number
  readonly nonce: string
}

/**
 * The result of `mac.verify`. With `mode: 'optional'` or `allowPreflight`, the identity of an accepted request is
 * `null` for an anonymous client.
 */
export type MacVerdict<Identity extends MacIdentity | null = MacIdentity> =
  | AcceptedVerdict<Identity>
  | RejectedVerdict

/** The verdict on an accepted request. */
export interface AcceptedVerdict<Identity extends MacIdentity | null = MacIdentity> {
  readonly ok: true
  readonly identity: Identity
  /** The header fields that tell the client its limit; `null` if it has none. */
  readonly rateLimit: RateLimitFields | null
}

/** Why a request is rejected, and what the client may learn of it. */
export interface Rejection {
  readonly ok: false
  readonly error: MacError
  /**
   * The key identifier of the client, if the MAC is right and the credential is in use. `null` otherwise,
   * since a header may name any credential.
   */
  readonly id: string | null
  /**
   * The `WWW-Authenticate` value that goes with the error (draft §4.2). If only the timestamp is wrong, it
   * carries the server's time. `null` unless the status is 401, or 429 for a replay whose first copy was
   * accepted.
   */
  readonly challenge: string | null
  /** As above, also if a limit is exhausted (429). */
  readonly rateLimit: RateLimitFields | null
  /** For `Retry-After`; `null` unless the status is 429. */
  readonly retryAfterSeconds: number | null
}

/** The verdict on a rejected request. */
export interface RejectedVerdict extends Rejection {
  /**
   * Returns the response that `withMac` would send: a problem document with the reference of the report, the
   * challenge, the rate limit and the fields of `cors`. Each call returns a new one. `onReject` was called
   * already, by `mac.verify`.
   */
  response(): Promise<Response>
  /**
   * Returns only what the client may learn, and a hint: frameworks such as h3 send an object that a middleware
   * returns as JSON. For logs use `onReject`, or `error`.
   */
  toJSON(): { readonly ok: false; readonly code: string; readonly hint: string }
}

/** What `onReject` gets besides the error. Nothing is computed before you ask for it. */
export interface MacReport {
  /** Twelve random hexadecimal digits. The body of the response carries the same. */
  readonly reference: string
  /**
   * Returns what is wrong with the request, and what to change. It reads the credential and tries the usual
   * mistakes, which takes some tenths of a second of computing at worst: do not call it as often as a
   * stranger likes. The promise never rejects. It is `null` if the credential cannot be read.
   */
  explain(): Promise<Explanation | null>
  /**
   * Returns the request as the server saw it. Log this: `withmac explain` reads it. It holds the
   * `Authorization` header with a MAC that may still be valid, for example if the request was rejected for
   * its origin. So keep it where only people can read it who may sign. Header fields that do not matter
   * for the MAC are left out.
   */
  toJSON(): Reported
}

/** A rejected request, as {@link MacReport.toJSON} gives it. */
export type Reported = SeenRequest & { readonly reference: string; readonly code: string }

/** The part of node:http's request that is used, over HTTP/1 or HTTP/2. */
export interface NodeRequest {
  /** The request target as it was sent. */
  readonly url?: string | undefined
  /** The request target as it was sent, if Express or Connect has changed `url`. */
  readonly originalUrl?: string | undefined
  /** Header fields, with names in lower case; over HTTP/2 with `:authority`. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** The verified method and path of a request, in a form that can be read in one way only. */
export interface VerifiedTarget {
  /** In upper case, as it was signed. */
  readonly method: string
  /**
   * Without the query, percent-decoded once. `%2F` and `%25` stay as they are, so that one segment does not
   * become two. It has no dot segment, no empty segment except the last, no `\` and no control character.
   */
  readonly path: string
}

/** One scope, or several that are all needed. */
export type ScopeDemand = string | readonly string[]

/**
 * The option `scope`: the scopes that every request needs, or a function that returns those that one request
 * needs. `null` is for none. An empty array is an error.
 */
export type ScopeOption =
  | ScopeDemand
  | ((request: Request, target: VerifiedTarget) => ScopeDemand | null | Promise<ScopeDemand | null>)

/** How many requests are accepted in how many seconds. */
export interface RateLimit {
  readonly requests: number
  readonly seconds: number
}

/** The header fields that tell a client its limit (draft-ietf-httpapi-ratelimit-headers-11). */
export interface RateLimitFields {
  /** The limit: `"requests";q=100;w=60`. */
  readonly 'RateLimit-Policy': string
  /** How many are left, and in how many seconds the window ends: `"requests";r=99;t=60`. */
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

/** The progress of `reseal`, in credentials. */
export interface ResealProgress {
  readonly done: number
  /** How many were to be done when it began. */
  readonly total: number
}

/** The options of `reseal`. */
export interface ResealOptions {
  /** Is called after each batch, and at the end. If it throws, the work ends. */
  readonly onProgress?: ((progress: ResealProgress) => void) | undefined
  /**
   * Rewrites the whole file at the end (SQLite's `VACUUM`). Without it, old copies of keys may remain between
   * the rows. It takes about a second for each 100 MB; nothing else can be written meanwhile, so servers may
   * answer 503. In PostgreSQL, it rewrites the table `mac_credentials` (`VACUUM FULL`), which cannot be read
   * meanwhile. Default: `true`; `false` with PostgreSQL, and with your own Kysely, whose other tables would be
   * rewritten too.
   */
  readonly vacuum?: boolean | undefined
}

/** The result of `reseal`. */
export interface Resealed {
  /** The id of the sealing key that seals all of them now. */
  readonly sealedBy: string
  /** How many credentials had a key that was not sealed by it, and now is. */
  readonly resealed: number
  /**
   * The identifiers of credentials whose keys cannot be opened, and stay as they were. Keys that the current
   * sealing key had sealed before are *not* checked: `withmac doctor` opens all keys.
   */
  readonly unopened: readonly string[]
  /**
   * Whether SQLite's write-ahead log was emptied, which still holds the keys as they were before. `false` if
   * another process was reading all the time: run `reseal` once more. `null` for PostgreSQL, which cannot
   * promise it: the earlier forms of keys stay in its own write-ahead log until that is recycled, and in
   * archives of it, in replicas and in backups.
   */
  readonly logEmptied: boolean | null
}
