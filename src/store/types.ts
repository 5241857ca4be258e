import type { MacAlgorithm } from '../protocol/signature.ts'
import type { AuditAction, RateLimit, Resealed, ResealOptions } from '../types.ts'

/** The old key, which the last rotation replaced, without the key itself. */
export interface OldKeyTerm {
  readonly algorithm: MacAlgorithm
  /** The time from which it is no longer valid. */
  readonly until: number
}

/** A credential without its keys, so no key must be opened. Times are whole seconds since 1970. */
export interface KeylessCredential {
  readonly id: string
  readonly user: string
  readonly algorithm: MacAlgorithm
  readonly label: string | null
  readonly created: number
  /** The time from which it is no longer valid; `null` for never. */
  readonly expires: number | null
  readonly revoked: number | null
  /** Since when it is disabled. */
  readonly disabled: number | null
  /** What to add to the client's timestamps to get the server's time; `null` until learned. */
  readonly clockOffset: number | null
  readonly scopes: readonly string[]
  /** A rate limit for this credential only; `null` if the server's limit applies. */
  readonly rateLimit: RateLimit | null
  /** The number of its current key: 1 for the first. The number of `oldKey` is one less. */
  readonly keyNumber: number
  /** When the last rotation was; `null` if there was none. */
  readonly rotated: number | null
  readonly oldKey: OldKeyTerm | null
  /** The time from which the cleanup removes it, without an event; `null` if it stays until it is deleted. */
  readonly removeAt: number | null
}

export interface StoredCredential extends KeylessCredential {
  readonly key: string
  readonly oldKey: (OldKeyTerm & { readonly key: string }) | null
}

export interface LookUp {
  readonly credential: StoredCredential | null
  /**
   * The version of all credentials: a random number. A change or removal of any credential draws a new one,
   * but a new credential does not. As long as it is the same, a credential that was found is unchanged.
   */
  readonly version: number
}

/** A key, for use before the MAC is verified. */
export interface FoundKey {
  /** If there is no such key, the rest is a decoy, so that the caller does the same work. */
  readonly exists: boolean
  /** The MAC key, as text. */
  readonly macKey: string
  readonly algorithm: MacAlgorithm
}

export interface KeyPair {
  readonly current: FoundKey
  /** The old key. Its grace may have ended. */
  readonly old: FoundKey
}

/** The usage of a credential. */
export interface Usage {
  /**
   * When each of its keys was last used, by key number: exact to about a minute, because not each use is
   * written.
   */
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
  /** The person who made the change; `null` if code made it. */
  readonly actor: string | null
}

/** Which rows of the history to return. `null` stands for all. */
export interface AuditFilter {
  readonly credential: string | null
  readonly user: string | null
  readonly action: AuditAction | null
  readonly actor: string | null
  /** The first and the last second, both included. */
  readonly from: number | null
  readonly to: number | null
  /** Only rows with a lower number. */
  readonly before: number | null
  readonly limit: number
}

/**
 * Which credentials a search returns. `active`, `expiring`, `expired`, `disabled` and `revoked` are the status
 * as users see it. `expiring` is active, but expires within 7 days. `machine` is a credential of any status
 * that removes itself.
 */
export type StatusFilter =
  | 'all'
  | 'active'
  | 'expiring'
  | 'expired'
  | 'disabled'
  | 'revoked'
  | 'machine'

export interface CredentialSearch {
  /** A part of the identifier, the label or the user. The case of ASCII letters does not matter. */
  readonly text: string | null
  readonly status: StatusFilter
  /** The server's clock, in seconds since 1970. */
  readonly now: number
  /** The last credential of the page before, to get the next page. */
  readonly before: { readonly created: number; readonly id: string } | null
  readonly limit: number
}

/**
 * Returns the change of a credential, or `null` to leave it as it is.
 * @param isKey Whether a text is the current key. It opens that key.
 */
export type Edit = (
  credential: KeylessCredential,
  isKey: (text: string) => boolean,
) => Edited | null

/** The credential after a change, and the event for the history. */
export interface Edited {
  readonly credential: KeylessCredential
  /**
   * The new key, if there is one. The current key then becomes the old key, unless `oldKey` is `null`.
   * Without a new key, the current key stays, and the old key is removed if `oldKey` is `null`.
   */
  readonly key?: string
  readonly action: AuditAction
  readonly detail: Readonly<Record<string, unknown>>
}

/**
 * When a request stops waiting for the store, in milliseconds, by `performance.now()`. A store on another
 * machine then rejects with `ERR_MAC_STORE`; whether it still does the work is not known. SQLite ignores it.
 * Without a deadline, the store's own timeout counts from the call.
 */
export type Deadline = number

/** Opens the store, unless it is open. Call it only after all input was checked. */
export type OpenCredentials = () => Promise<CredentialStore>

/** A store of credentials. Every method rejects if the store fails. */
export interface CredentialStore {
  /**
   * Looks up the keys of a credential, and nothing else. The time must not depend on whether the credential
   * exists, on its other columns, or on whether it has an old key.
   * @throws {@link MacError} `ERR_MAC_SEALED` if a key cannot be opened.
   */
  lookUpKeys(id: string, deadline?: Deadline): Promise<KeyPair>
  /**
   * Looks up a whole credential. Call it only after the MAC was verified: its time reveals whether the
   * credential exists, and how large it is.
   * @throws {@link MacError} `ERR_MAC_SEALED` if a key cannot be opened.
   */
  lookUp(id: string, deadline?: Deadline): Promise<LookUp>
  /** Returns a credential without its keys, so it works even if the keys cannot be opened. */
  find(id: string): Promise<KeylessCredential | null>
  /** Returns the usage of one credential, or of all, by identifier. */
  usage(now: number, id: string | null): Promise<ReadonlyMap<string, Usage>>
  /** Returns the usage of these credentials, by identifier. */
  usageOf(now: number, ids: readonly string[]): Promise<ReadonlyMap<string, Usage>>
  /**
   * Returns the same store for a person: the events that its changes add to the history name this actor. The
   * cleanup does not: it is nobody's change.
   */
  as(actor: string): CredentialStore
  /**
   * Adds a credential, and an event to the history unless the credential removes itself. Returns `false` if
   * the identifier is taken.
   */
  insert(credential: StoredCredential): Promise<boolean>
  /** Returns all credentials, or those of one user, oldest first. */
  list(user: string | null): Promise<KeylessCredential[]>
  /** Returns one page of the credentials that match, newest first: by `created`, then by `id`. */
  search(search: CredentialSearch): Promise<KeylessCredential[]>
  /**
   * Changes a credential, and adds an event to the history, in one transaction. If `edit` throws or returns
   * `null`, nothing changes.
   * @returns The credential as it is afterwards, or `null` if there is none.
   */
  edit(id: string, at: number, edit: Edit): Promise<KeylessCredential | null>
  /**
   * Removes a credential. Its nonces stay, because it may be created again with the same key. Its history
   * stays too. Returns `false` if there is none.
   */
  remove(id: string, at: number): Promise<boolean>
  /** Returns the history, the latest event first. */
  history(filter: AuditFilter): Promise<AuditRow[]>
  /**
   * Removes old keys after their grace, and credentials that are due, some at a time.
   * @returns How many were removed; 0 if none is left.
   */
  cleanUp(now: number): Promise<number>
  /**
   * Stores a learned offset, unless there is one. Returns the stored offset, or `null` without a
   * credential.
   */
  learnClock(id: string, offset: number, deadline?: Deadline): Promise<number | null>
  /** Removes a learned offset. Returns `false` if there is no credential. */
  resetClock(id: string): Promise<boolean>
}

/**
 * The verdict on a nonce. `forgotten` means that nonces with so old a timestamp are no longer kept, so nobody
 * knows whether it was used. `ahead` means that the timestamp is too far ahead of the store's own clock: if the
 * store later loses nonces, it rejects timestamps up to a limit by that clock, so none beyond it may be accepted.
 */
export type NonceVerdict = 'new' | 'seen' | 'forgotten' | 'ahead'

export interface Nonce {
  /** The client's timestamp, in seconds. */
  readonly timestamp: number
  readonly credential: string
  /** The number of the key that made the MAC. */
  readonly keyNumber: number
  readonly nonce: string
  /** The server's clock, in seconds since 1970. */
  readonly now: number
  readonly deadline?: Deadline | undefined
}

/** The result of recording a nonce. */
export interface Recorded {
  readonly verdict: NonceVerdict
  /**
   * The version of the credentials in the same transaction, as in {@link LookUp}; `null` if the verdict
   * is `seen`.
   */
  readonly version: number | null
  /** If the verdict is `forgotten`: the earliest timestamp that is still accepted. */
  readonly floor?: number
  /** If the verdict is `ahead`: the latest timestamp that is accepted now, by the store's clock. */
  readonly ceiling?: number
}

/** The result for a nonce that was recorded before. */
export const SEEN: Recorded = Object.freeze({ verdict: 'seen', version: null })

/**
 * A store of nonces. Two rules prevent replays, whatever clocks and options do: a nonce with a timestamp at or
 * above the floor is never removed, and a nonce below the floor is never new.
 */
export interface NonceStore {
  /**
   * Records a nonce in one atomic step: among any number of simultaneous copies, at most one is `new`. About
   * once a minute for each key, it also writes when the key was used.
   */
  record(nonce: Nonce): Promise<Recorded>
  /** Whether this process knows that a nonce was recorded. It neither reads the database nor writes. */
  isKnown(timestamp: number, credential: string, nonce: string): boolean
  /**
   * Counts a rejected request in a credential's name. The count is written with a later nonce, or when the
   * store is closed. It may be lost if counts of very many credentials wait.
   *
   * @param exists Whether there is such a credential. If not, it does the same work, but counts nothing.
   */
  countFailure(credential: string, now: number, exists?: boolean): void
  /**
   * Removes nonces older than `now - keepSeconds`, in the order in which they were recorded, and raises the
   * floor just above the latest of them. (Not up to `now - keepSeconds`: if the clock was ahead, all clients
   * would be rejected until the real time is there.) It stops at the first batch that is still needed, and
   * after `limit` or more nonces. If another process used the store lately and keeps nonces longer, its time
   * applies.
   * @returns How many were removed.
   */
  prune(now: number, keepSeconds: number, limit: number): Promise<number>
}

/** How many requests had one result, in one minute or one hour. */
export interface TrafficCount {
  /** When the minute or the hour starts, in seconds since 1970. */
  readonly start: number
  readonly unit: 'minute' | 'hour'
  /** `accepted`, or the code of the error. */
  readonly code: string
  readonly count: number
}

export interface Store {
  readonly credentials: CredentialStore
  readonly nonces: NonceStore
  /**
   * Returns how many requests were accepted and rejected: in each of the last 60 minutes, and in each of the
   * last 24 hours, the current ones included. Periods without requests are left out.
   *
   * The counts of all processes are added up. Those of other processes are up to a minute old, or older while
   * no request is accepted there. The counts for all are exact. For a credential, requests may be missing if
   * very many credentials are in use.
   *
   * @param credential The identifier; `null` for all requests, also those that name no credential.
   */
  traffic(now: number, credential: string | null): Promise<readonly TrafficCount[]>
  /**
   * Encrypts all keys with the current sealing key, and removes their earlier forms from the database file and
   * its write-ahead log.
   * @throws TypeError if there is no sealing key.
   */
  reseal(options: ResealOptions): Promise<Resealed>
  /** Waits until all nonces are recorded, and closes the database. */
  close(): Promise<void>
}
