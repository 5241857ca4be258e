import type { MacAlgorithm } from '../protocol/algorithm.ts'
import type { Resealed, ResealOptions } from './sealing/reseal.ts'

/** How many requests are taken in how many seconds. */
export interface RateLimit {
  readonly requests: number
  readonly seconds: number
}

/** What is known of the key that a credential had before its last rotation, without that key. */
export interface OldKeyTerm {
  readonly algorithm: MacAlgorithm
  /** The moment from which it is no longer valid. */
  readonly until: number
}

/** The key that a credential had before its last rotation. */
export interface StoredOldKey extends OldKeyTerm {
  readonly key: string
}

/**
 * A credential as the store keeps it, but for its keys, which need not be opened for it. Times are whole
 * seconds since 1970.
 */
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

/** A credential with its keys, as they were made. */
export interface StoredCredential extends KeylessCredential {
  readonly key: string
  readonly oldKey: StoredOldKey | null
}

/** What a look-up found. */
export interface LookUp {
  readonly credential: StoredCredential | null
  /**
   * The version of the credentials at that moment: it is another after every change of one and
   * every removal, whoever makes it. As long as it stays, what was found holds.
   */
  readonly version: number
}

/** A key as it is found before it is known that the MAC is right. */
export interface FoundKey {
  /** Whether there is such a key. If not, the rest is a decoy, with which the same work is done. */
  readonly exists: boolean
  readonly text: string
  readonly algorithm: MacAlgorithm
}

/** The keys of a credential. */
export interface KeyPair {
  readonly current: FoundKey
  /** The key before, whose grace may have ended. */
  readonly old: FoundKey
}

/** What is known of the use of a credential. Times are exact to a minute. */
export interface Usage {
  /** When each of its keys was last used, by their numbers. */
  readonly used: ReadonlyMap<number, number>
  /** How many requests in its name were refused in the last 24 hours. */
  readonly failures: number
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

/** A row of the audit. */
export interface AuditRow {
  readonly number: number
  readonly at: number
  readonly action: AuditAction
  readonly credential: string
  readonly user: string
  readonly detail: Readonly<Record<string, unknown>>
}

/** Which rows of the audit are wanted, and how many of them. */
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
   * The new key, whose number is one more. The one of today becomes the old one, where the credential is
   * to have one. Where it is left out, the keys stay; an old one goes where `oldKey` is `null`.
   */
  readonly key?: string
  readonly action: AuditAction
  readonly detail: Readonly<Record<string, unknown>>
}

/** Opens the store where it is not open yet. It is called once all input is known to be right. */
export type OpenCredentials = () => Promise<CredentialStore>

/** Where credentials live. Every method rejects where the store fails. */
export interface CredentialStore {
  /**
   * Looks up the keys of one, and nothing else. It takes as long whether there is such a credential or
   * not, whatever it holds, and whether it has one key or two.
   * @throws {@link MacError} `ERR_MAC_SEALED` where they cannot be opened.
   */
  lookUpKeys(id: string): Promise<KeyPair>
  /**
   * Looks up all of one, for when the MAC is known to be right: how long it takes tells whether there is
   * such a credential, and how much it holds.
   * @throws {@link MacError} `ERR_MAC_SEALED` where its keys cannot be opened.
   */
  lookUp(id: string): Promise<LookUp>
  /** The same, without its keys: also where they cannot be opened. */
  find(id: string): Promise<KeylessCredential | null>
  /** What is known of the use of one credential, or of all, by their identifiers. */
  usage(now: number, id: string | null): Promise<ReadonlyMap<string, Usage>>
  /** Adds a credential; `false` where the identifier is taken, and nothing was changed. It is audited. */
  insert(credential: StoredCredential): Promise<boolean>
  /** All of them, or one user's, oldest first, without their keys. */
  list(user: string | null): Promise<KeylessCredential[]>
  /**
   * Changes a credential in one transaction, and audits it. Its keys are not opened for it.
   *
   * @param edit Is given the credential as it is, and gives what is to become of it, or `null` to leave
   *   it as it is. What it throws changes nothing.
   * @returns The credential as it is afterwards, or `null` where there is none.
   */
  edit(id: string, at: number, edit: Edit): Promise<KeylessCredential | null>
  /**
   * Removes it, but not its nonces: the identifier may come back with the same key. A row of the audit
   * stays; `false` where there is no such credential.
   */
  remove(id: string, at: number): Promise<boolean>
  /** What was done to one credential or all, or to a user's, the latest first. */
  history(filter: AuditFilter): Promise<AuditRow[]>
  /** Removes old keys whose grace has ended, and credentials that are to go; tells how many of both. */
  sweep(now: number): Promise<number>
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

/** A nonce to record. */
export interface Nonce {
  /** The client's timestamp, in seconds. */
  readonly timestamp: number
  /** The MAC key identifier. */
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
  /**
   * The version of the credentials at the moment of recording, as in {@link LookUp}; `null` where it
   * is not known, since nothing was recorded.
   */
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
   * minute it is written with it when the key was used.
   */
  record(nonce: Nonce): Promise<Recorded>
  /** Whether a nonce is known to have been recorded: without asking the store, and without writing. */
  isKnown(timestamp: number, credential: string, nonce: string): boolean
  /**
   * Counts a request in a credential's name that was refused. That writes nothing by itself: it is
   * written with a later nonce, or when the store is closed.
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

/** A store of both, and its end. */
export interface Store {
  readonly credentials: CredentialStore
  readonly nonces: NonceStore
  /**
   * Brings all keys under the current sealing key, and leaves nothing of what they were in file and log.
   * @throws TypeError where there is no sealing key.
   */
  reseal(options: ResealOptions): Promise<Resealed>
  /** Lets what waits to be recorded be recorded, and closes the database. */
  close(): Promise<void>
}
