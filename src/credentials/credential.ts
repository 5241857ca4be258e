import type { MacAlgorithm } from '../protocol/signature.ts'
import type { KeylessCredential, Usage } from '../store/types.ts'
import type { RateLimit } from '../types.ts'

/** A credential, without its key. */
export interface Credential {
  /** The MAC key identifier, which travels with each request. */
  readonly id: string
  /** Whom it speaks for, always as a string. */
  readonly user: string
  readonly algorithm: MacAlgorithm
  readonly label: string | null
  readonly created: Date
  /** The moment from which it is no longer valid; `null` for never. */
  readonly expires: Date | null
  readonly revoked: Date | null
  /** Since when it is out of use, until it is enabled again; `null` where it is in use. */
  readonly disabled: Date | null
  /** What it may be used for. */
  readonly scopes: readonly string[]
  /** A limit of its own; `null` where it has the same as all. */
  readonly rateLimit: RateLimit | null
  /** Which of its keys is the current one: 1 for the first, one more with each rotation. */
  readonly keyNumber: number
  /** When the current key took the place of another; `null` for the first. */
  readonly rotated: Date | null
  /** The key before, as long as it is there. */
  readonly oldKey: OldKey | null
  /** When it last signed a request that was let in, exact to a minute; `null` for never, or not known. */
  readonly lastUsed: Date | null
  /**
   * How many requests in its name were refused with 401 in the last 24 hours, by the clock's hours, those
   * of strangers among them. What another process counted is known once somebody is let in there.
   */
  readonly failures: number
  /** What was learned about the client's clock (draft §4.1), in seconds; `null` for nothing. */
  readonly clockOffsetSeconds: number | null
}

/** The key that a credential had before its last rotation. */
export interface OldKey {
  readonly keyNumber: number
  readonly algorithm: MacAlgorithm
  /** The moment from which it is no longer valid. */
  readonly graceEnds: Date
  /** When it last signed a request that was let in, exact to a minute; `null` for never, or not known. */
  readonly lastUsed: Date | null
}

/** A credential as its creation or rotation returns it, the only time that the key is shown. */
export interface NewCredential extends Credential {
  /** The MAC key. It is used as the bytes it is written with, and never sent over the network. */
  readonly key: string
}

/** A credential that was there already: its key is not shown again. */
export interface KeptCredential extends Credential {
  readonly key: null
}

/** How a stored credential is shown. */
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
