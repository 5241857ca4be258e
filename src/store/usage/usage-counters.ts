import { Buffer } from 'node:buffer'
import { BoundedMap } from '../../bounded-map.ts'
import type { Nonce, Recorded } from '../types.ts'

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

/** What is written together with nonces. */
export interface Due {
  readonly uses: readonly Use[]
  readonly failures: readonly Failures[]
}

export const NOTHING_DUE: Due = Object.freeze({ uses: [], failures: [] })

/** How long after the use of a key, or failures, were written the next are, in seconds. */
const INTERVAL = 60
/** For how long nothing is written once that failed, in seconds. */
const PAUSE = 60
/** Of how many credentials it is known when their use was written. */
const MOST_USES = 100_000
/** How many counts of failures may wait; the earlier half may have to make room for others. */
const MOST_FAILURES = 20_000
/** How many of the uses that are late go with one batch, and how many counts of failures. */
const LATE_AT_ONCE = 64
const FAILURES_AT_ONCE = 256

/** The hour of a moment, by which failures are counted. */
export function hourOf(seconds: number): number {
  return Math.floor(seconds / 3600)
}

/** What is known of the use of a key. */
interface KnownUse {
  /** When its use was last written. */
  readonly written: number
  /** When it was last used. */
  seen: number
}

/**
 * Knows, of what is to be written of the use of credentials, when it is due. It is told what was
 * written only when that is committed: what a failing batch takes along is due with the next.
 */
export class UsageCounters {
  readonly failures: FailureCounts = new FailureCounts()
  /** What is known here of the use of each credential's keys. */
  readonly #known = new BoundedMap<string, Map<number, KnownUse>>(MOST_USES)
  /** Uses that were not due when they came, and are since. */
  #late: readonly Use[] = []
  #failedAt = Number.NEGATIVE_INFINITY

  /** What is to be written with a batch. A batch in which nothing is new writes nothing. */
  dueWith(batch: readonly Nonce[], recorded: readonly Recorded[]): Due {
    const uses = new Map<string, Use>()
    let latest = Number.NEGATIVE_INFINITY
    for (const [at, { credential, keyNumber, now: used }] of batch.entries()) {
      if (recorded[at]?.verdict !== 'new') continue
      latest = Math.max(latest, used)
      const written = this.#known.peek(credential)?.get(keyNumber)?.written
      // A clock that was ahead, and was set right, must not hold back what comes until then.
      if (written !== undefined && Math.abs(used - written) < INTERVAL) continue
      const name = `${keyNumber}\n${credential}`
      if (used > (uses.get(name)?.used ?? Number.NEGATIVE_INFINITY)) {
        uses.set(name, { credential, keyNumber, used })
      }
    }
    const isNothingNew = latest === Number.NEGATIVE_INFINITY
    if (isNothingNew || Math.abs(latest - this.#failedAt) < PAUSE) return NOTHING_DUE
    const failures = this.failures.due(latest, FAILURES_AT_ONCE)
    // After the late ones, whose keys may be among them: the latest use of a key is what stays.
    return { uses: [...this.#late.slice(0, LATE_AT_ONCE), ...uses.values()], failures }
  }

  /** All that waits, due or not, for when no more batches come. */
  all(): Due {
    return { uses: this.#late, failures: this.failures.all() }
  }

  /** Is told what was committed: a batch, and what was written with it. */
  committed(batch: readonly Nonce[], recorded: readonly Recorded[], { uses, failures }: Due): void {
    for (const use of uses) this.#wroteUse(use)
    if (this.#late.length > 0) this.#late = this.#late.filter((use) => !uses.includes(use))
    this.failures.wrote(failures)
    for (const [at, { credential, keyNumber, now }] of batch.entries()) {
      const known = this.#known.peek(credential)?.get(keyNumber)
      if (known !== undefined && recorded[at]?.verdict === 'new') known.seen = now
    }
  }

  /**
   * Is told that what was due could not be written, and tells the operator: for a minute it is not tried
   * with every batch.
   *
   * @param name What the operator knows the database by.
   */
  failed(name: string, now: number, error: unknown): void {
    this.#failedAt = now
    console.error(
      `withmac: ${name}: the use of credentials cannot be written, and is left out for a minute. Requests ` +
        'are verified as before, and lastUsed and failures stay behind.',
      error,
    )
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

  /** Is told of a credential that is new under an identifier that may have been another's. */
  forget(credential: string): void {
    this.#known.delete(credential)
    this.#late = this.#late.filter((use) => use.credential !== credential)
    this.failures.forget(credential)
  }

  #wroteUse({ credential, keyNumber, used }: Use): void {
    const keys = this.#known.peek(credential) ?? new Map<number, KnownUse>()
    keys.set(keyNumber, { written: used, seen: used })
    this.#known.set(copied(credential), keys)
    // Two keys at most are in use at a time.
    for (const number of keys.keys()) if (Math.abs(number - keyNumber) > 1) keys.delete(number)
  }
}

type Counts = BoundedMap<string, Failures & { count: number }>

/**
 * Failures that wait to be written with a batch of nonces. All that wait leave together, once a
 * minute; those that come in meanwhile wait for the next time. So those of one credential are written
 * once a minute at most, and how often somebody fails makes no difference to the batches.
 */
export class FailureCounts {
  #waiting: Counts = new BoundedMap(MOST_FAILURES)
  #leaving: readonly Failures[] = []
  #left = Number.NaN
  /** Failures of credentials that do not exist, which are counted apart and never written. */
  #decoys: Counts = new BoundedMap(MOST_FAILURES)

  /** @param exists If not, it is as much work, and comes to nothing. */
  count(credential: string, now: number, exists: boolean): void {
    const counts = exists ? this.#waiting : this.#decoys
    const hour = hourOf(now)
    const name = `${hour} ${credential}`
    const known = counts.peek(name)
    if (known !== undefined) known.count++
    else counts.set(copied(name), { credential: copied(credential), hour, count: 1 })
  }

  /** Some of those that are due at a moment. They stay here until {@link wrote} is told of them. */
  due(now: number, limit: number): readonly Failures[] {
    const isTime = !(Math.abs(now - this.#left) < INTERVAL)
    if (this.#leaving.length === 0 && this.#waiting.size > 0 && isTime) {
      this.all()
      this.#left = now
    }
    return this.#leaving.slice(0, limit)
  }

  /** All of them, due or not. */
  all(): readonly Failures[] {
    this.#leaving = [...this.of(null)]
    this.#waiting = new BoundedMap(MOST_FAILURES)
    this.#decoys = new BoundedMap(MOST_FAILURES)
    return this.#leaving
  }

  /** Forgets what was written. */
  wrote(written: readonly Failures[]): void {
    if (written.length === 0) return
    const gone = new Set(written)
    this.#leaving = this.#leaving.filter((each) => !gone.has(each))
  }

  forget(credential: string): void {
    for (const [name, each] of this.#waiting) {
      if (each.credential === credential) this.#waiting.delete(name)
    }
    this.#leaving = this.#leaving.filter((each) => each.credential !== credential)
  }

  /** Those that wait, of one credential or of all. */
  *of(credential: string | null): Iterable<Failures> {
    const waiting = [...this.#waiting].map(([, each]) => each)
    for (const each of [...this.#leaving, ...waiting]) {
      if (credential === null || each.credential === credential) yield each
    }
  }
}

/** A copy of a piece of a header: engines keep the whole of it behind the piece. */
function copied(piece: string): string {
  return Buffer.from(piece).toString()
}
