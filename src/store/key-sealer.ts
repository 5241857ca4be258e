import { MacError } from '../errors.ts'
import type { MacAlgorithm } from '../protocol/algorithm.ts'

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

/** What stands between keys and the database. */
export interface KeySealer {
  /** The key id of what seals new keys; `null` where they are written as they are. */
  readonly current: string | null
  seal(key: string, place: KeyPlace): WrittenKey
  /** @throws {@link MacError} `ERR_MAC_SEALED` where it cannot be opened. */
  open(written: WrittenKey, place: KeyPlace): string
}

/** Writes keys as they are. */
export const UNSEALED: KeySealer = {
  current: null,
  seal: (key) => ({ text: key, by: null }),
  open({ text, by }, { id }) {
    if (by === null) return text
    throw new MacError(
      'ERR_MAC_SEALED',
      `The key of credential ${JSON.stringify(id)} is sealed, and no sealing key was given.`,
    )
  },
}
