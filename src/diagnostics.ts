import { channel } from 'node:diagnostics_channel'
import type { MacErrorCode } from './error-codes.ts'
import type { AcceptedVerdict, MacIdentity, Rejection } from './types.ts'

/** A channel of `node:diagnostics_channel`, with the type of what is published on it. */
export interface MacChannel<Message> {
  readonly name: string | symbol
  readonly hasSubscribers: boolean
  /**
   * Calls the listener for each message. The listener runs synchronously, in the asynchronous context of the
   * request, with the active span; the request waits for it. If it throws, that becomes an uncaught exception
   * of the process, and does not change the verdict.
   */
  subscribe(listener: (message: Message, name: string | symbol) => void): void
  unsubscribe(listener: (message: Message, name: string | symbol) => void): void
}

interface Published<Message> extends MacChannel<Message> {
  publish(message: Message): void
}

type All = { readonly [Name in keyof MacMessages]: Published<MacMessages[Name]> }

/**
 * The channels, for publishing. This module keeps them: Bun drops the listeners of a channel that is
 * collected.
 */
export const CHANNELS: All = Object.freeze({
  accepted: channel('withmac:accepted'),
  rejected: channel('withmac:rejected'),
  rotated: channel('withmac:rotated'),
  pruned: channel('withmac:pruned'),
  batch: channel('withmac:batch'),
}) as All

/**
 * The channels of `node:diagnostics_channel` on which all `Mac`s of this process publish:
 * `withmac:accepted`, `withmac:rejected`, `withmac:rotated`, `withmac:pruned` and `withmac:batch`. Without a
 * listener, nothing is measured or published. A request that started before the first listener was added is
 * not published.
 *
 * You can also use `subscribe` of `node:diagnostics_channel` with these names. On Bun, call it after withmac
 * was imported.
 *
 * @example
 * MAC_CHANNELS.rejected.subscribe(({ code, milliseconds }) => console.warn(code, milliseconds))
 */
export const MAC_CHANNELS: {
  readonly [Name in keyof MacMessages]: MacChannel<MacMessages[Name]>
} = CHANNELS

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

const { accepted, rejected, rotated, pruned, batch } = CHANNELS

/** Publishes the verdicts on requests. */
export interface VerdictPublisher {
  /** Returns the start time of a verification; `null` if there is no listener. Then the clock is not read. */
  begin(): number | null
  /** Publishes a verdict. Called once for each request, when the verdict is final. */
  end(verdict: AcceptedVerdict | Rejection, begun: number | null): void
}

/** @param database The database's name in messages. */
export function verdictPublisher(database: string): VerdictPublisher {
  return {
    begin: () => (accepted.hasSubscribers || rejected.hasSubscribers ? performance.now() : null),
    end(verdict, begun) {
      if (begun === null) return
      const milliseconds = performance.now() - begun
      if (verdict.ok) {
        if (!accepted.hasSubscribers) return
        accepted.publish({ database, identity: verdict.identity, milliseconds })
      } else if (rejected.hasSubscribers) {
        const { id, error } = verdict
        rejected.publish({ database, code: error.code, status: error.status, id, milliseconds })
      }
    },
  }
}

type RecordBatch<Nonce, Recorded> = (
  nonces: readonly Nonce[],
) => readonly Recorded[] | Promise<readonly Recorded[]>

/**
 * Wraps `record` so that each recorded batch is published.
 *
 * @param database The database's name in messages, here and below.
 */
export function publishBatches<Nonce, Recorded extends { readonly verdict: string }>(
  database: string,
  record: RecordBatch<Nonce, Recorded>,
): RecordBatch<Nonce, Recorded> {
  return (nonces) => {
    if (!batch.hasSubscribers) return record(nonces)
    const begun = performance.now()
    const tell = (all: readonly Recorded[]) => {
      const milliseconds = performance.now() - begun
      const added = all.filter(({ verdict }) => verdict === 'new').length
      batch.publish({ database, size: nonces.length, added, milliseconds })
      return all
    }
    const recorded = record(nonces)
    return recorded instanceof Promise ? recorded.then(tell) : tell(recorded)
  }
}

/**
 * Calls `remove`, and publishes the removal if something was removed.
 *
 * @param remove Returns how many it removed.
 */
export async function publishRemoval(
  database: string,
  what: MacPruned['what'],
  remove: () => Promise<number>,
): Promise<number> {
  if (!pruned.hasSubscribers) return remove()
  const begun = performance.now()
  const removed = await remove()
  const milliseconds = performance.now() - begun
  if (removed > 0) pruned.publish({ database, what, removed, milliseconds })
  return removed
}

/** Publishes a rotation. */
export function publishRotated(
  database: string,
  credential: {
    readonly id: string
    readonly user: string
    readonly keyNumber: number
    readonly oldKey: { readonly graceEnds: Date } | null
  },
): void {
  if (!rotated.hasSubscribers) return
  const { id, user, keyNumber, oldKey } = credential
  rotated.publish({ database, id, user, keyNumber, graceEnds: oldKey?.graceEnds ?? null })
}
