import { MacError } from '../../errors.ts'
import type { MacAlgorithm } from '../../protocol/signature.ts'

/** Whose key it is: a sealed one can be opened for this alone. */
export interface KeyPlace {
  /** The MAC key identifier. */
  readonly id: string
  /** Which of the credential's keys. */
  readonly number: number
  readonly algorithm: MacAlgorithm
}

/** A key as it stands in the database. */
export interface WrittenKey {
  readonly text: string
  /** The key id of what sealed it; `null` where it is as it was made. */
  readonly by: string | null
}

/** A key that is sealed, as it stands in the database. */
export interface SealedKey extends WrittenKey {
  readonly by: string
}

/** What stands between keys and the database. */
export interface KeySealer {
  /** The key id of what seals new keys; `null` where they are written as they are. */
  readonly current: string | null
  /** The key ids of all that it can open, the current one first. */
  readonly ids: readonly string[]
  seal(key: string, place: KeyPlace): WrittenKey
  /** @throws {@link MacError} `ERR_MAC_SEALED` where it cannot be opened. */
  open(sealed: SealedKey, place: KeyPlace): string
  /** Does the work of opening a key, where there is none: how long it takes must not tell that. */
  openNone(): void
}

/** Writes keys as they are. */
export const UNSEALED: KeySealer = Object.freeze<KeySealer>({
  current: null,
  ids: [],
  seal: (key) => ({ text: key, by: null }),
  open({ by }, place) {
    throw sealedByAnother(by, place)
  },
  openNone() {},
})

/** What is told of a key that was sealed by a sealing key which is not here. */
export function sealedByAnother(by: string, { id, number }: KeyPlace): MacError {
  return new MacError(
    'ERR_MAC_SEALED',
    `Key ${number} of credential ${JSON.stringify(id)} is sealed by the sealing key ${by}, which was ` +
      'not given. Add it to MAC_SEALING_KEY or to the option sealingKey, behind the one that seals.',
  )
}
