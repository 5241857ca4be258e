import { MacError } from '../../errors.ts'
import type { KeyRow } from '../credential-row.ts'

/** How many rounds may find something to do. Each is shorter than the one before, as a rule. */
const MOST_ROUNDS = 10
/** How many of the credentials that a run has sealed it remembers: another run meets them first, too. */
const REMEMBERED = 1000

/**
 * Notices who works against a run of `reseal`, which would then never end: another run with another first
 * sealing key, which seals anew what this one has sealed; or servers that still seal by another key than
 * the current one, and so keep adding to what is to be done.
 */
export class ResealRivals {
  readonly #current: string
  /** The numbers of the first keys that were sealed. All runs go by the order of identifiers. */
  readonly #sealed = new Map<string, number>()
  #round = 0

  constructor(current: string) {
    this.#current = current
  }

  nextRound(): void {
    this.#round++
  }

  /** Remembers what was sealed by this run. */
  note(rows: readonly KeyRow[]): void {
    for (const { id, key_number } of rows) {
      if (this.#sealed.size >= REMEMBERED) return
      this.#sealed.set(id, Number(key_number))
    }
  }

  /**
   * Looks at rows that are not under the current sealing key. A key that was, and is sealed by another one
   * now without having been replaced, was sealed by another run: servers seal new keys alone.
   *
   * @throws {@link MacError} `ERR_MAC_SEALED`
   */
  checkUndoing(rows: readonly KeyRow[]): void {
    const undone = rows.find(
      ({ id, key_number, key_sealed_by }) =>
        key_sealed_by !== null &&
        key_sealed_by !== this.#current &&
        this.#sealed.get(id) === Number(key_number),
    )
    if (undone === undefined) return
    throw new MacError(
      'ERR_MAC_SEALED',
      `Another reseal is at work, which brings all keys under the sealing key ${undone.key_sealed_by}, and ` +
        `this one under ${this.#current}: each would undo what the other does, without end. Let one of ` +
        'them end, give all machines the sealing keys in one order, the one first that is to seal, and ' +
        'run reseal once more.',
    )
  }

  /**
   * @param rows What a round has found to do.
   * @throws {@link MacError} `ERR_MAC_SEALED` where it is one round too many.
   */
  checkEnd([row]: readonly KeyRow[]): void {
    if (row === undefined || this.#round <= MOST_ROUNDS) return
    const by = row.key_sealed_by === this.#current ? row.old_sealed_by : row.key_sealed_by
    const how =
      by === null
        ? 'servers still write keys that are not sealed'
        : `servers still seal by the sealing key ${by}, or another reseal does`
    throw new MacError(
      'ERR_MAC_SEALED',
      `All keys were brought under the sealing key ${this.#current}, ${MOST_ROUNDS} times over, and again ` +
        `there are others: ${how}. Give all of them ${this.#current} as the first sealing key, then run ` +
        'reseal again.',
    )
  }
}
