import type { MacAlgorithm } from '../protocol/signature.ts'
import type { AuditAction, RateLimit, Resealed, ResealOptions } from '../types.ts'

/** What is known of the key that a credential had before its last rotation. */
export interface OldKeyTerm {
  readonly algorithm: MacAlgorithm
  /** The moment from which it is no longer valid. */
  readonly until: number
}

/** A credential without its keys, which need not be opened for it. Times are whole seconds since 1970. */
export interface KeylessCredential {
  readonly id: string
  readonly user: string
  readonly algorithm: MacAlgorithm
  readonly label: string | null
  readonly created: number
  /** The moment from which it is no longer valid; `null` for never. */
  readonly expires: number | null
  readonly revoked: number | null
  /** Since when it is out of use for a while. */
  readonly disabled: number | null
  /** What to add to the client's timestamps to get the server's time; `null` until learned. */
  readonly clockOffset: number | null
  readonly scopes: readonly string[]
  /** A limit of its own, in place of the server's. */
  readonly rateLimit: RateLimit | null
  /** Which of its keys is the current one: 1 for the first. The number of `oldKey` is one less. */
  readonly keyNumber: number
  /** When the current key took the place of another. */
  readonly rotated: number | null
  readonly oldKey: OldKeyTerm | null
  /** The moment from which it may be removed without a trace; `null` where that is for people to do. */
  readonly removeAt: number | null
}

export interface StoredCredential extends KeylessCredential {
  readonly key: string
  readonly oldKey: (OldKeyTerm & { readonly key: string }) | null
}

export interface LookUp {
  readonly credential: StoredCredential | null
  /** Another after every change and removal of a credential. As long as it stays, what was found holds. */
  readonly version: number
}

/** A key before it is known that the MAC is right. */
export interface FoundKey {
  /** If there is no such key, the rest is a decoy, with which the same work is done. */
  readonly exists: boolean
  readonly text: string
  readonly algorithm: MacAlgorithm
}

export interface KeyPair {
  readonly current: FoundKey
  /** The key before, whose grace may have ended. */
  readonly old: FoundKey
}

/** What is known of the use of a credential. Times are exact to a minute. */
export interface Usage {
  /** When each of its keys was last used, by their numbers. */
  readonly used: ReadonlyMap<number, number>
  /** How many requests in its name were rejected in the last 24 hours. */
  readonly failures: number
}

export interface AuditRow {
  readonly number: number
  readonly at: number
  readonly action: AuditAction
  readonly credential: string
  readonly user: string
  readonly detail: Readonly<Record<string, unknown>>
}

/** Which rows of the audit are wanted: of one credential or all, or of one user. */
export interface AuditFilter {
  readonly credential: string | null
  readonly user: string | null
  readonly limit: number
}

/**
 * Says what is to become of a credential; `null` leaves it as it is.
 * @param isKey Tells whether a text is the current key, which is opened for it.
 */
export type Edit = (
  credential: KeylessCredential,
  isKey: (text: string) => boolean,
) => Edited | null

/** What becomes of a credential, and what the audit says of it. */
export interface Edited {
  readonly credential: KeylessCredential
  /**
   * The new key, whose number is one more. The one before becomes the old one, unless `oldKey` is `null`.
   * If it is left out, the keys stay; an old one goes if `oldKey` is `null`.
   */
  readonly key?: string
  readonly action: AuditAction
  readonly detail: Readonly<Record<string, unknown>>
}

/** Opens the store, unless it is open. It is called once all input is known to be right. */
export type OpenCredentials = () => Promise<CredentialStore>

/** Where credentials live. Every method rejects if the store fails. */
export interface CredentialStore {
  /**
   * Looks up the keys of one, and nothing else. It takes as long whether there is such a credential or
   * not, whatever it holds, and whether it has one key or two.
   * @throws {@link MacError} `ERR_MAC_SEALED` if they cannot be opened.
   */
  lookUpKeys(id: string): Promise<KeyPair>
  /**
   * Looks up all of one, for when the MAC is known to be right: how long it takes tells whether there is
   * such a credential, and how much it holds.
   * @throws {@link MacError} `ERR_MAC_SEALED` if its keys cannot be opened.
   */
  lookUp(id: string): Promise<LookUp>
  /** The same, without its keys: also if they cannot be opened. */
  find(id: string): Promise<KeylessCredential | null>
  /** The use of one credential, or of all, by their identifiers. */
  usage(now: number, id: string | null): Promise<ReadonlyMap<string, Usage>>
  /** Adds a credential, and audits it; `false` if the identifier is taken. */
  insert(credential: StoredCredential): Promise<boolean>
  /** All of them, or one user's, oldest first. */
  list(user: string | null): Promise<KeylessCredential[]>
  /**
   * Changes a credential in one transaction, and audits it. What `edit` throws changes nothing.
   * @returns The credential as it is afterwards, or `null` if there is none.
   */
  edit(id: string, at: number, edit: Edit): Promise<KeylessCredential | null>
  /** Removes it, but not its nonces and its audit: the identifier may come back with the same key. */
  remove(id: string, at: number): Promise<boolean>
  /** What was done, the latest first. */
  history(filter: AuditFilter): Promise<AuditRow[]>
  /** Removes old keys whose grace has ended, and credentials that are to go; tells how many of both. */
  sweep(now: number): Promise<number>
  /** Keeps a learned offset unless one is there; gives the one in force, or `null` without credential. */
  learnClock(id: string, offset: number): Promise<number | null>
  /** Forgets a learned offset; `false` if there is no credential. */
  resetClock(id: string): Promise<boolean>
}

/**
 * What became of a nonce. `forgotten`: its timestamp is so old that nonces of that time are no longer kept,
 * so nobody can tell.
 */
export type NonceVerdict = 'new' | 'seen' | 'forgotten'

export interface Nonce {
  /** The client's timestamp, in seconds. */
  readonly timestamp: number
  readonly credential: string
  /** Which of the credential's keys made the MAC. */
  readonly keyNumber: number
  readonly nonce: string
  /** The server's clock, in seconds since 1970. */
  readonly now: number
}

/** What recording a nonce came to. */
export interface Recorded {
  readonly verdict: NonceVerdict
  /** The version of the credentials at that moment, as in {@link LookUp}; `null` if nothing was recorded. */
  readonly version: number | null
  /** Of a `forgotten` one: the earliest timestamp that can be told apart. */
  readonly floor?: number
}

/** What is told of a nonce that was there. */
export const SEEN: Recorded = Object.freeze({ verdict: 'seen', version: null })

/**
 * Where nonces live. Two rules make a replay impossible, whatever clocks and options do:
 * a nonce with a timestamp at or above the floor is never removed, and none below it is called new.
 */
export interface NonceStore {
  /**
   * Records a nonce in one atomic step: of any number of simultaneous copies one is `new`. Once a
   * minute the use of the key is written with it.
   */
  record(nonce: Nonce): Promise<Recorded>
  /** Whether a nonce is known to have been recorded: without asking the store, and without writing. */
  isKnown(timestamp: number, credential: string, nonce: string): boolean
  /**
   * Counts a rejected request in a credential's name. It is written with a later nonce, or when the store
   * is closed.
   *
   * @param exists Whether there is such a credential. If not, nothing is counted, with as much work.
   */
  failed(credential: string, now: number, exists?: boolean): void
  /**
   * Removes nonces older than `now - keepSeconds`, in the order in which they came, and raises the floor
   * above the latest of them, not higher: a clock that ran ahead must not lock everybody out for as
   * long. It ends with the first batch that is still wanted, and when `limit` or more were removed.
   * Another process on the same store that keeps nonces longer, and was at work lately, has its way.
   * @returns How many were removed.
   */
  prune(now: number, keepSeconds: number, limit: number): Promise<number>
}

export interface Store {
  readonly credentials: CredentialStore
  readonly nonces: NonceStore
  /**
   * Brings all keys under the current sealing key, and leaves nothing of what they were in file and log.
   * @throws TypeError if there is no sealing key.
   */
  reseal(options: ResealOptions): Promise<Resealed>
  /** Lets what waits to be recorded be recorded, and closes the database. */
  close(): Promise<void>
}
