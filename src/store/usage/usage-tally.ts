import { BoundedMap } from '../../bounded-map.ts'
import type { Nonce, Recorded } from '../types.ts'
import { FailureCounts, type Failures } from './failure-counts.ts'

/** When a key of a credential was used. */
export interface Use {
  readonly credential: string
  readonly keyNumber: number
  readonly used: number
}

/** What is written together with nonces. */
export interface Due {
  readonly uses: readonly Use[]
  readonly failures: readonly Failures[]
}

/** How long after the use of a key was written the next is, in seconds. */
const INTERVAL = 60
/** Of how many credentials it is known when their use was written: of the later half in any case. */
const MOST = 100_000
/** How many of the uses that are late go with one batch. */
const LATE_AT_ONCE = 64
/** How many rows of failures go with one batch. */
const FAILURES_AT_ONCE = 256

/** What is known of the use of a key. */
interface KnownUse {
  /** When its use was last written. */
  readonly written: number
  /** When it was last used. */
  seen: number
}

/** Where nothing is to be written. */
export const NOTHING_DUE: Due = Object.freeze({ uses: [], failures: [] })

/**
 * Knows, of what is to be written of the use of credentials, when it is due. It is told what was
 * written only when that is committed: what a failing batch takes along is due with the next.
 */
export class UsageTally {
  readonly failures: FailureCounts = new FailureCounts()
  /** What is known here of the use of each credential's keys. */
  readonly #known = new BoundedMap<string, Map<number, KnownUse>>(MOST)
  /** Uses that were not due when they came, and are now. */
  #late: readonly Use[] = []

  /** Whether something may have to be written with a batch, by what is known before its verdicts. */
  isDue(batch: readonly Nonce[]): boolean {
    if (this.#late.length > 0) return true
    for (const nonce of batch) if (this.#isUseDue(nonce)) return true
    return this.failures.areDue(latest(batch))
  }

  /** What is to be written with a batch. A batch in which nothing is new writes nothing. */
  dueWith(batch: readonly Nonce[], recorded: readonly Recorded[]): Due {
    const accepted = batch.filter((_, at) => recorded[at]?.verdict === 'new')
    if (accepted.length === 0) return NOTHING_DUE
    const uses = new Map<string, Use>()
    for (const nonce of accepted) {
      const { credential, keyNumber, now: used } = nonce
      const name = `${keyNumber}\n${credential}`
      const later = (uses.get(name)?.used ?? Number.NEGATIVE_INFINITY) < used
      if (later && this.#isUseDue(nonce)) uses.set(name, { credential, keyNumber, used })
    }
    const failures = this.failures.due(latest(accepted), FAILURES_AT_ONCE)
    // After the late ones, whose keys may be among them: the latest use of a key is what stays.
    return { uses: [...this.#late.slice(0, LATE_AT_ONCE), ...uses.values()], failures }
  }

  /** All that waits, due or not, for when no more batches come. */
  all(): Due {
    return { uses: this.#late, failures: this.failures.all() }
  }

  /** Is told what was recorded, whether it is written when that was or not. */
  saw(batch: readonly Nonce[], recorded: readonly Recorded[]): void {
    for (const [at, { credential, keyNumber, now }] of batch.entries()) {
      const known = this.#known.peek(credential)?.get(keyNumber)
      if (known !== undefined && recorded[at]?.verdict === 'new') known.seen = now
    }
  }

  /**
   * Is told, each time that it is looked up, of a key that was replaced: somebody waits to know whether it
   * is used still, so its first use afterwards is due at once. One that came before the rotation was known
   * here goes with the next batch.
   *
   * @param rotated The moment in which it was replaced.
   */
  replaced(credential: string, keyNumber: number, rotated: number): void {
    const keys = this.#known.peek(credential)
    const known = keys?.get(keyNumber)
    if (known === undefined || known.written > rotated) return
    keys?.delete(keyNumber)
    const { written, seen: used } = known
    if (used < rotated || used <= written) return
    this.#late = [...this.#late, { credential, keyNumber, used }]
  }

  /** Is told what was committed. */
  wrote({ uses, failures }: Due): void {
    for (const use of uses) this.#wroteUse(use)
    if (this.#late.length > 0) {
      const gone = new Set(uses)
      this.#late = this.#late.filter((use) => !gone.has(use))
    }
    this.failures.wrote(failures)
  }

  /** Is told of a credential that is new under an identifier that may have been another's. */
  forget(credential: string): void {
    this.#known.delete(credential)
    this.#late = this.#late.filter((use) => use.credential !== credential)
    this.failures.forget(credential)
  }

  #isUseDue({ credential, keyNumber, now }: Nonce): boolean {
    const written = this.#known.peek(credential)?.get(keyNumber)?.written
    // A clock that was ahead, and was set right, must not hold back what comes until then.
    return written === undefined || Math.abs(now - written) >= INTERVAL
  }

  #wroteUse({ credential, keyNumber, used }: Use): void {
    const keys = this.#known.peek(credential) ?? new Map<number, KnownUse>()
    keys.set(keyNumber, { written: used, seen: used })
    // A piece of a header would keep the whole of it.
    this.#known.set(Buffer.from(credential).toString(), keys)
    // Two keys at the most are in use at a time.
    for (const number of keys.keys()) if (Math.abs(number - keyNumber) > 1) keys.delete(number)
  }
}

function latest(batch: readonly Nonce[]): number {
  return batch.reduce((most, { now }) => Math.max(most, now), Number.NEGATIVE_INFINITY)
}
