import type { Nonce, Recorded } from '../store.ts'
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
/** Of how many credentials it is known when their use was written; the first to be written go. */
const MOST = 50_000
/** How many rows of failures go with one batch. */
const FAILURES_AT_ONCE = 256

/** Where nothing is to be written. */
export const NOTHING_DUE: Due = Object.freeze({ uses: [], failures: [] })

/**
 * Knows, of what is to be written of the use of credentials, when it is due. It is told what was
 * written only when that is committed: what a failing batch takes along is due with the next.
 */
export class UsageTally {
  readonly failures: FailureCounts = new FailureCounts()
  /** When the use of each credential's keys was last written here. */
  readonly #written = new Map<string, Map<number, number>>()

  /** Whether something may have to be written with a batch, by what is known before its verdicts. */
  isDue(batch: readonly Nonce[]): boolean {
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
    return { uses: [...uses.values()], failures }
  }

  /** Is told what was committed. */
  wrote({ uses, failures }: Due): void {
    for (const use of uses) this.#wroteUse(use)
    this.failures.wrote(failures)
  }

  /** Is told of a credential that is new under an identifier that may have been another's. */
  forget(credential: string): void {
    this.#written.delete(credential)
    this.failures.forget(credential)
  }

  #isUseDue({ credential, keyNumber, now }: Nonce): boolean {
    const at = this.#written.get(credential)?.get(keyNumber)
    return at === undefined || now - at >= INTERVAL
  }

  #wroteUse({ credential, keyNumber, used }: Use): void {
    const keys = this.#written.get(credential) ?? new Map<number, number>()
    keys.set(keyNumber, used)
    // At the end again, since the first go first; and two keys at the most are in use at a time.
    this.#written.delete(credential)
    // A piece of a header would keep the whole of it.
    this.#written.set(Buffer.from(credential).toString(), keys)
    for (const number of keys.keys()) if (Math.abs(number - keyNumber) > 1) keys.delete(number)
    if (this.#written.size <= MOST) return
    const [first] = this.#written.keys()
    if (first !== undefined) this.#written.delete(first)
  }
}

function latest(batch: readonly Nonce[]): number {
  return batch.reduce((most, { now }) => Math.max(most, now), Number.NEGATIVE_INFINITY)
}
