import type { MacAlgorithm } from '../protocol/algorithm.ts'

/** A credential as the store keeps it. Times are whole seconds since 1970. */
export interface StoredCredential {
  readonly id: string
  readonly user: string
  readonly key: string
  readonly algorithm: MacAlgorithm
  readonly label: string | null
  readonly created: number
  /** The moment from which it is no longer valid; `null` for never. */
  readonly expires: number | null
  readonly revoked: number | null
  /** What to add to the client's timestamps to get the server's time; `null` until learned. */
  readonly clockOffset: number | null
}

/** Where credentials live. Every method rejects where the store fails. */
export interface CredentialStore {
  find(id: string): Promise<StoredCredential | null>
  /** Adds a credential; `false` where the identifier is taken, and nothing was changed. */
  insert(credential: StoredCredential): Promise<boolean>
  /** All of them, or one user's, oldest first. */
  list(user: string | null): Promise<StoredCredential[]>
  /** Marks it as revoked, keeping an earlier moment; `false` where there is none. */
  revoke(id: string, at: number): Promise<boolean>
  /** Removes it, but not its nonces: the identifier may come back with the same key. */
  remove(id: string): Promise<boolean>
  /** Keeps a learned offset unless one is there; gives the one in force, or `null` without credential. */
  learnClock(id: string, offset: number): Promise<number | null>
  /** Forgets a learned offset; `false` where there is no credential. */
  resetClock(id: string): Promise<boolean>
}

/**
 * What became of a nonce: `new`, it is recorded now and was not before; `seen`, it was recorded
 * before; `forgotten`, its timestamp is so old that nonces of that time are no longer kept, so nobody
 * can tell.
 */
export type NonceVerdict = 'new' | 'seen' | 'forgotten'

/**
 * Where nonces live. Two rules make a replay impossible, whatever clocks and options do:
 * a nonce with a timestamp at or above the floor is never removed, and none below it is called new.
 */
export interface NonceStore {
  /** Records a nonce in one atomic step: of any number of simultaneous copies one is `new`. */
  record(timestamp: number, credential: string, nonce: string): Promise<NonceVerdict>
  /**
   * Removes up to `limit` nonces older than `now - keepSeconds`, and raises the floor above the last
   * of them, not higher: a clock that ran ahead must not lock everybody out for as long. Another
   * process on the same store that keeps nonces longer, and was at work lately, has its way.
   * @returns How many were removed.
   */
  prune(now: number, keepSeconds: number, limit: number): Promise<number>
}

/** A store of both, and its end. */
export interface Store {
  readonly credentials: CredentialStore
  readonly nonces: NonceStore
  close(): Promise<void>
}
