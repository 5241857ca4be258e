import type { MacAlgorithm } from '../protocol/algorithm.ts'
import type { StoredCredential } from '../store/store.ts'

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
  /** What was learned about the client's clock (draft §4.1), in seconds; `null` for nothing. */
  readonly clockOffsetSeconds: number | null
}

/** A credential as its creation returns it, the only time that the key is shown. */
export interface NewCredential extends Credential {
  /** The MAC key. It is used as the bytes it is written with, and never sent over the network. */
  readonly key: string
}

/** A credential that was there already: its key is not shown again. */
export interface KeptCredential extends Credential {
  readonly key: null
}

/** How a stored credential is shown. */
export function fromStored(stored: StoredCredential): Credential {
  const { id, user, algorithm, label, created, expires, revoked, clockOffset } = stored
  return Object.freeze({
    id,
    user,
    algorithm,
    label,
    created: new Date(created * 1000),
    expires: toDate(expires),
    revoked: toDate(revoked),
    clockOffsetSeconds: clockOffset,
  })
}

function toDate(seconds: number | null): Date | null {
  return seconds === null ? null : new Date(seconds * 1000)
}
