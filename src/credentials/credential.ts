import type { MacAlgorithm } from '../protocol/signature.ts'
import type { KeylessCredential, Usage } from '../store/types.ts'
import type { RateLimit } from '../types.ts'

/** A credential, without its key. */
export interface Credential {
  /** The MAC key identifier, which the client sends with each request. */
  readonly id: string
  /** The user it belongs to, always as a string. */
  readonly user: string
  readonly algorithm: MacAlgorithm
  /** A note for people. */
  readonly label: string | null
  readonly created: Date
  /** The time from which it is no longer valid; `null` for never. */
  readonly expires: Date | null
  /** When it was revoked; `null` if it was not. */
  readonly revoked: Date | null
  /** Since when it is disabled; `null` if it is not. */
  readonly disabled: Date | null
  /** What it may be used for. */
  readonly scopes: readonly string[]
  /** A rate limit for this credential only; `null` if the limit of all credentials applies. */
  readonly rateLimit: RateLimit | null
  /** The number of its current key: 1 for the first, one more with each rotation. */
  readonly keyNumber: number
  /** When the current key replaced the one before; `null` if it is the first key. */
  readonly rotated: Date | null
  /** The key before the last rotation; `null` if there is none, or once it was removed after its grace. */
  readonly oldKey: OldKey | null
  /** When it last signed an accepted request, exact to a minute; `null` for never, or not known. */
  readonly lastUsed: Date | null
  /**
   * How many requests in its name were rejected with 401 in the last 24 hours, by full hours of the clock.
   * Requests that attackers sent in its name count too. Another process writes what it counted only once
   * it accepts a request.
   */
  readonly failures: number
  /**
   * What must be added to the client's timestamps to get the server's time (draft §4.1), in seconds;
   * `null` if it was not learned.
   */
  readonly clockOffsetSeconds: number | null
}

/** The key that a credential had before its last rotation. */
export interface OldKey {
  readonly keyNumber: number
  readonly algorithm: MacAlgorithm
  /** The time from which this key is no longer valid. */
  readonly graceEnds: Date
  /** When this key last signed an accepted request, exact to a minute; `null` for never, or not known. */
  readonly lastUsed: Date | null
}

/**
 * A credential with its new key. `createCredential` and `rotateCredential` return it; no other call shows
 * the key.
 */
export interface NewCredential extends Credential {
  /** The MAC key. Its characters are its bytes: nothing is decoded. Clients never send it. */
  readonly key: string
}

/**
 * A credential that existed already, from `createCredential` with `ifExists: 'keep'`. Its key is not
 * shown.
 */
export interface KeptCredential extends Credential {
  readonly key: null
}

/** Returns the public form of a stored credential. */
export function fromStored(stored: KeylessCredential, usage: Usage | undefined): Credential {
  const { id, user, algorithm, label, created, expires, revoked, disabled, clockOffset } = stored
  const { scopes, rateLimit, keyNumber, rotated } = stored
  const uses = [...(usage?.used.values() ?? [])]
  return Object.freeze({
    id,
    user,
    algorithm,
    label,
    created: new Date(created * 1000),
    expires: toDate(expires),
    revoked: toDate(revoked),
    disabled: toDate(disabled),
    scopes,
    rateLimit,
    keyNumber,
    rotated: toDate(rotated),
    oldKey: oldKeyOf(stored, usage),
    lastUsed: toDate(uses.length === 0 ? null : Math.max(...uses)),
    failures: usage?.failures ?? 0,
    clockOffsetSeconds: clockOffset,
  })
}

function oldKeyOf({ oldKey, keyNumber }: KeylessCredential, usage: Usage | undefined) {
  if (oldKey === null) return null
  const { algorithm, until } = oldKey
  const number = keyNumber - 1
  const lastUsed = toDate(usage?.used.get(number) ?? null)
  return Object.freeze({
    keyNumber: number,
    algorithm,
    graceEnds: new Date(until * 1000),
    lastUsed,
  })
}

function toDate(seconds: number | null): Date | null {
  return seconds === null ? null : new Date(seconds * 1000)
}
