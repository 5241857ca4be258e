import type { MacErrorCode } from '../errors.ts'
import type { MacIdentity } from '../types.ts'

/**
 * The properties of every message. No message contains a key, a MAC or a normalized request string. Messages
 * are for the operator's logs and metrics: their codes and identifiers are more than a client may see.
 */
interface Message {
  /** The database: its URL as you wrote it, such as `sqlite:mac.db`, or `kysely` for your own Kysely. */
  readonly database: string
}

/** A message that says how long something took. */
interface Timed extends Message {
  /** In milliseconds, with fractions. */
  readonly milliseconds: number
}

/** A request was accepted, by `withMac` or `mac.verify`. `onAccept` is called for the same requests. */
export interface MacAccepted extends Timed {
  readonly identity: MacIdentity
}

/**
 * A request was rejected by `withMac` or `mac.verify`, or had bad credentials in the mode `optional`.
 * `onReject` is called for the same requests. A request without credentials in the mode `optional`, or a
 * preflight that is allowed, is neither accepted nor rejected.
 */
export interface MacRejected extends Timed {
  /** The exact cause. Clients may see a more general code. */
  readonly code: MacErrorCode
  /** The HTTP status for this code. */
  readonly status: number
  /**
   * The key identifier, if the MAC was right and the credential was in use; otherwise `null`, because anyone
   * can send any identifier. So it is always the identifier of an existing credential.
   */
  readonly id: string | null
}

/** This process gave a credential a new key. */
export interface MacRotated extends Message {
  /** The key identifier. */
  readonly id: string
  readonly user: string
  /** The number of the new key. */
  readonly keyNumber: number
  /** The time from which the old key is no longer valid; `null` if it ended at once. */
  readonly graceEnds: Date | null
}

/** Something was removed, in one step of the cleanup that requests do, or by `mac.prune()`. */
export interface MacPruned extends Timed {
  /** `credentials` stands for credentials that removed themselves, and for old keys after their grace. */
  readonly what: 'nonces' | 'credentials'
  /** How many were removed: at least one. */
  readonly removed: number
}

/** A batch of nonces was committed, in one transaction. A batch that failed is not published. */
export interface MacBatch extends Timed {
  /** The number of nonces in the batch: at most 512. */
  readonly size: number
  /** How many of them were new. The requests of the others are rejected. */
  readonly added: number
}

/**
 * The message type of each channel: that of `withmac:accepted` is `accepted`, and so on.
 *
 * @example
 * const log = ({ code, id }: MacMessages['rejected']) => console.warn(code, id)
 */
export interface MacMessages {
  readonly accepted: MacAccepted
  readonly rejected: MacRejected
  readonly rotated: MacRotated
  readonly pruned: MacPruned
  readonly batch: MacBatch
}
