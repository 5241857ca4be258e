import { BoundedMap } from '../../bounded-map.ts'
import type { Nonce, Recorded } from '../types.ts'
import { copied, TrafficCounters, type TrafficRow } from './traffic-counters.ts'

/** When a key of a credential was used. */
export interface Use {
  readonly credential: string
  readonly keyNumber: number
  readonly used: number
}

/** How many requests in a credential's name were rejected within an hour. */
export interface Failures {
  readonly credential: string
  readonly hour: number
  readonly count: number
}

/** What must be written with the next batch of nonces. */
export interface Due {
  readonly uses: readonly Use[]
  readonly failures: readonly Failures[]
  readonly traffic: readonly TrafficRow[]
}

export const NOTHING_DUE: Due = Object.freeze({ uses: [], failures: [], traffic: [] })

export function isNothing({ uses, failures, traffic }: Due): boolean {
  return uses.length + failures.length + traffic.length === 0
}

/** The usual time between two writes of the use of a key, and between two writes of failures. */
const WRITE_INTERVAL_SECONDS = 60
/** How long nothing is written with batches after a write has failed. */
const PAUSE_AFTER_ERROR_SECONDS = 60
/** For how many credentials it is kept in memory when their use was written. */
const MOST_USES = 100_000
/** How many counts of failures may wait. With more, the older half may be dropped. */
const MOST_FAILURES = 20_000
/** How many late uses, and how many counts of failures, are written with one batch. */
const LATE_AT_ONCE = 64
const FAILURES_AT_ONCE = 256

/** The hour in which a failure is counted: full hours since 1970. */
export function hourOf(seconds: number): number {
  return Math.floor(seconds / 3600)
}

/** The use of a key, as this process knows it. */
interface KnownUse {
  /** When its use was last written. */
  readonly written: number
  /** When it was last used. */
  seen: number
}

/**
 * Decides when the use of credentials must be written. It learns what was written only after the commit: if
 * a batch fails, the same is due with the next one.
 */
export class UsageCounters {
  readonly failures: FailureCounts = new FailureCounts()
  readonly traffic: TrafficCounters
  /** The use of each credential's keys. */
  readonly #known = new BoundedMap<string, Map<number, KnownUse>>(MOST_USES)
  /** Uses that were not due when they happened, but are due since a rotation. */
  #late: readonly Use[] = []
  #writeFailedAt = Number.NEGATIVE_INFINITY

  constructor(traffic: TrafficCounters = new TrafficCounters()) {
    this.traffic = traffic
  }

  /** Returns what must be written with a batch: nothing if no nonce of the batch is new. */
  dueWith(batch: readonly Nonce[], recorded: readonly Recorded[]): Due {
    const uses = new Map<string, Use>()
    let latest = Number.NEGATIVE_INFINITY
    for (const [at, { credential, keyNumber, now: used }] of batch.entries()) {
      if (recorded[at]?.verdict !== 'new') continue
      latest = Math.max(latest, used)
      const written = this.#known.peek(credential)?.get(keyNumber)?.written
      // Math.abs: after a clock that was ahead was corrected, uses must still be written.
      if (written !== undefined && Math.abs(used - written) < WRITE_INTERVAL_SECONDS) continue
      const name = `${keyNumber}\n${credential}`
      if (used > (uses.get(name)?.used ?? Number.NEGATIVE_INFINITY)) {
        uses.set(name, { credential, keyNumber, used })
      }
    }
    const isNothingNew = latest === Number.NEGATIVE_INFINITY
    const isPaused = Math.abs(latest - this.#writeFailedAt) < PAUSE_AFTER_ERROR_SECONDS
    if (isNothingNew || isPaused) return NOTHING_DUE
    const failures = this.failures.due(latest, FAILURES_AT_ONCE)
    // Late uses first: if a key is in both lists, the later row is the one that counts.
    const due = [...this.#late.slice(0, LATE_AT_ONCE), ...uses.values()]
    return { uses: due, failures, traffic: this.traffic.due(latest) }
  }

  /** Returns everything that waits, due or not. For the time after the last batch. */
  all(): Due {
    return { uses: this.#late, failures: this.failures.all(), traffic: this.traffic.all() }
  }

  /** Reports what was committed: a batch, and what was written with it. */
  committed(batch: readonly Nonce[], recorded: readonly Recorded[], due: Due): void {
    const { uses, failures, traffic } = due
    this.traffic.wrote(traffic)
    for (const use of uses) this.#wroteUse(use)
    if (this.#late.length > 0) this.#late = this.#late.filter((use) => !uses.includes(use))
    this.failures.wrote(failures)
    for (const [at, { credential, keyNumber, now }] of batch.entries()) {
      const known = this.#known.peek(credential)?.get(keyNumber)
      if (known !== undefined && recorded[at]?.verdict === 'new') known.seen = now
    }
  }

  /**
   * Reports that usage could not be written. Warns the operator, and writes nothing with batches for a minute.
   *
   * @param name The database's name in error messages.
   */
  writeFailed(name: string, now: number, error: unknown): void {
    this.#writeFailedAt = now
    console.error(
      `withmac: ${name}: the use of credentials cannot be written; withmac tries again in a minute. Requests ` +
        'are verified as before, but lastUsed, failures and traffic are out of date.',
      error,
    )
  }

  /**
   * Reports that a credential was rotated. It is called each time that a credential with an old key is looked
   * up. The operator wants to know whether the old key is still used, so its first use after the rotation is
   * due at once. If that use happened before this process knew of the rotation, it is written with the next
   * batch.
   *
   * @param oldKeyNumber The number of the old key.
   * @param at When it was rotated, in seconds since 1970.
   */
  rotated(credential: string, oldKeyNumber: number, at: number): void {
    const keys = this.#known.peek(credential)
    const known = keys?.get(oldKeyNumber)
    if (known === undefined || known.written > at) return
    keys?.delete(oldKeyNumber)
    const { written, seen: used } = known
    if (used < at || used <= written) return
    this.#late = [...this.#late, { credential, keyNumber: oldKeyNumber, used }]
  }

  /** Forgets an identifier, because a new credential has it. */
  forget(credential: string): void {
    this.#known.delete(credential)
    this.#late = this.#late.filter((use) => use.credential !== credential)
    this.failures.forget(credential)
    this.traffic.forget(credential)
  }

  #wroteUse({ credential, keyNumber, used }: Use): void {
    const keys = this.#known.peek(credential) ?? new Map<number, KnownUse>()
    keys.set(keyNumber, { written: used, seen: used })
    this.#known.set(copied(credential), keys)
    // At most two keys are in use at a time.
    for (const number of keys.keys()) if (Math.abs(number - keyNumber) > 1) keys.delete(number)
  }
}

type Counts = BoundedMap<string, Failures & { count: number }>

/**
 * Counts of failures that wait to be written with a batch of nonces. Once a minute, all counts that wait
 * become due together; failures that come later wait for the next minute. So an attacker whose requests are
 * often rejected does not cause more writes.
 */
export class FailureCounts {
  #waiting: Counts = new BoundedMap(MOST_FAILURES)
  #due: readonly Failures[] = []
  /** When counts last became due. */
  #dueSince = Number.NaN
  /** Failures of credentials that do not exist. They are counted apart, and never written. */
  #decoys: Counts = new BoundedMap(MOST_FAILURES)

  /** @param exists Whether there is such a credential. If not, it does the same work, but counts nothing. */
  count(credential: string, now: number, exists: boolean): void {
    const counts = exists ? this.#waiting : this.#decoys
    const hour = hourOf(now)
    const name = `${hour} ${credential}`
    const known = counts.peek(name)
    if (known !== undefined) known.count++
    else counts.set(copied(name), { credential: copied(credential), hour, count: 1 })
  }

  /** Returns counts that are due, at most `limit`. They stay here until {@link wrote} is called with them. */
  due(now: number, limit: number): readonly Failures[] {
    const isTime = !(Math.abs(now - this.#dueSince) < WRITE_INTERVAL_SECONDS)
    if (this.#due.length === 0 && this.#waiting.size > 0 && isTime) {
      this.all()
      this.#dueSince = now
    }
    return this.#due.slice(0, limit)
  }

  /** Makes all counts due, and returns them. */
  all(): readonly Failures[] {
    this.#due = [...this.of(null)]
    this.#waiting = new BoundedMap(MOST_FAILURES)
    this.#decoys = new BoundedMap(MOST_FAILURES)
    return this.#due
  }

  /** Removes counts that were written. */
  wrote(written: readonly Failures[]): void {
    if (written.length === 0) return
    const gone = new Set(written)
    this.#due = this.#due.filter((each) => !gone.has(each))
  }

  forget(credential: string): void {
    for (const [name, each] of this.#waiting) {
      if (each.credential === credential) this.#waiting.delete(name)
    }
    this.#due = this.#due.filter((each) => each.credential !== credential)
  }

  /** The counts that are not written yet, of some credentials or of all. */
  *of(credentials: readonly string[] | null): Iterable<Failures> {
    const wanted = credentials && new Set(credentials)
    const waiting = [...this.#waiting].map(([, each]) => each)
    for (const each of [...this.#due, ...waiting]) {
      if (wanted === null || wanted.has(each.credential)) yield each
    }
  }
}
