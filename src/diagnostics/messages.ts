import type { MacErrorCode } from '../errors.ts'
import type { MacIdentity } from '../types.ts'

/**
 * What every message says. None holds a key, a MAC or a normalized request string. They go to whoever
 * listens within the process, for logs and figures of the operator's: codes and identifiers in them
 * are more than a client may be told.
 */
interface Told {
  /**
   * Which database it is about: the URL as it was written, such as `sqlite:mac.db`, or `kysely` for
   * one of your own. It holds no password.
   */
  readonly database: string
}

/** How long something took. */
interface Timed extends Told {
  /** In milliseconds, with fractions. */
  readonly milliseconds: number
}

/** A request was let in: what `onAccept` is called for, and a good verdict of `mac.verify`. */
export interface MacAccepted extends Timed {
  readonly identity: MacIdentity
}

/**
 * A request was refused, or had bad credentials in the mode `optional`: what `onReject` is called for,
 * and a bad verdict of `mac.verify`. An anonymous caller in the mode `optional` is neither accepted nor
 * rejected, and neither is a preflight that is let through.
 */
export interface MacRejected extends Timed {
  /** What happened, precisely: clients are told less. One of some forty. */
  readonly code: MacErrorCode
  /** The HTTP status that goes with it. */
  readonly status: number
  /**
   * Whose request it was, where its MAC was right and its credential in use; `null` for all others,
   * whose header may name anybody. So it is always the key identifier of a credential.
   */
  readonly id: string | null
}

/** A credential was given a new key, by this process. */
export interface MacRotated extends Told {
  /** The key identifier. */
  readonly id: string
  readonly user: string
  /** Of the new key. */
  readonly keyNumber: number
  /** When the key before it is no longer valid; `null` where that is at once. */
  readonly graceEnds: Date | null
}

/** Something was removed, in one step of the pruning that requests do, or by `mac.prune()`. */
export interface MacPruned extends Timed {
  /** `credentials` are those that were to go by now, and old keys whose grace has ended. */
  readonly what: 'nonces' | 'credentials'
  /** How many; at least one. */
  readonly removed: number
}

/** A batch of nonces was committed, in one transaction. One that failed is none. */
export interface MacBatch extends Timed {
  /** How many nonces it held: at most 512. */
  readonly size: number
  /** How many of them were new, and so how many requests may go on. */
  readonly added: number
}

/**
 * What is published on which channel: on `withmac:accepted` what stands at `accepted`, and so on.
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
