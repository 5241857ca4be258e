import type { MacError } from './errors.ts'
import type { Explanation, SeenRequest } from './explain/explanation.ts'
import type { MacAlgorithm } from './protocol/signature.ts'

/** Who signed a request, and what else its MAC vouches for. */
export interface MacIdentity {
  /** The user that the credential was created for, always as a string. */
  readonly user: string
  /** The MAC key identifier. */
  readonly id: string
  /** Of the key that made the MAC. */
  readonly algorithm: MacAlgorithm
  /** The credential's label, or `null`. */
  readonly label: string | null
  /** When the credential expires, or `null` for never. */
  readonly expires: Date | null
  /** What the credential may be used for; nothing of it is demanded without the option `scope`. */
  readonly scopes: readonly string[]
  /** Which of the credential's keys made the MAC: 1 for the first, one more with each rotation. */
  readonly keyNumber: number
  /** When the key that made the MAC is no longer valid, since it was rotated; `null` for the current one. */
  readonly graceEnds: Date | null
  /**
   * The `ext` parameter, covered by the MAC; `null` where there was none. With the option `body`, the
   * application's own part of it: what stands behind the digest.
   */
  readonly ext: string | null
  /** Whether the MAC covers the body as well: only ever with the option `body`. */
  readonly bodyVerified: boolean
  /** The client's timestamp, in seconds, by the client's clock. */
  readonly timestamp: number
  readonly nonce: string
}

/** The result of a verification. */
export type MacVerdict = AcceptedVerdict | RejectedVerdict

/** The verdict on an accepted request. */
export interface AcceptedVerdict {
  readonly ok: true
  readonly identity: MacIdentity
  /** The header fields that tell the client its limit; `null` if it has none. */
  readonly rateLimit: RateLimitFields | null
}

/** The verdict on a rejected request. */
export interface RejectedVerdict {
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

/** What `onReject` is told of a refusal besides the error. Nothing of it is computed unasked. */
export interface MacReport {
  /** Twelve random digits, hexadecimal ones; the body of the answer carries the same. */
  readonly reference: string
  /**
   * Tells what is wrong with the request, and what to change. It looks the credential up and tries the
   * usual mistakes, which takes some tenths of a second of computing at the worst: ask for it where
   * strangers cannot make you ask often. Never rejects; `null` where the credential cannot be looked up.
   */
  explain(): Promise<Explanation | null>
  /**
   * The request as it was seen: what `withmac explain` reads, and so what to log. It holds the
   * `Authorization` header, with a MAC that may still be good: of a request refused for its timestamp
   * or its origin, for example. Keep it where only those come who may sign. Other header fields than
   * those that matter are left out.
   */
  toJSON(): Reported
}

/** A rejected request, as {@link MacReport.toJSON} gives it. */
export type Reported = SeenRequest & { readonly reference: string; readonly code: string }

/** What is used of the request that node:http gives to an adapter, over HTTP/1 or HTTP/2. */
export interface NodeRequest {
  /** The request target as it was sent. */
  readonly url?: string | undefined
  /** By their names in lower case; over HTTP/2 with `:authority`. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** What was verified of a request line, in a form that can be read in one way only. */
export interface VerifiedTarget {
  /** In upper case, as it was signed. */
  readonly method: string
  /**
   * Without the query, and percent-decoded once; `%2F` and `%25` stay as they are, so that no segment
   * becomes two. It holds no dot segment, no empty segment but the last, no `\` and no control character.
   */
  readonly path: string
}

/** One scope, or several of which each is needed. */
export type ScopeDemand = string | readonly string[]

/**
 * The option `scope`: what is always demanded, or what a request demands; `null` demands nothing, an empty
 * list is refused.
 */
export type ScopeOption =
  | ScopeDemand
  | ((request: Request, target: VerifiedTarget) => ScopeDemand | null | Promise<ScopeDemand | null>)

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
