import { Buffer } from 'node:buffer'
import { BoundedMap } from '../../bounded-map.ts'
import { HOURS, hourOf } from './usage.ts'

/** How many requests in a credential's name were refused within an hour. */
export interface Failures {
  readonly credential: string
  readonly hour: number
  readonly count: number
}

/** The hours of one credential with the failures in each. */
type Hours = Map<number, number>

/** Of how many credentials failures may wait; the earlier half may have to make room for others. */
const MOST = 20_000
/** How long after the last ones the next begin to leave, in seconds. */
const INTERVAL = 60

/**
 * Failures that wait to be written with a batch of nonces. All that wait leave together, once a
 * minute; those that come in meanwhile wait for the next time. So those of one credential are written
 * once a minute at the most, and how often somebody fails makes no difference to the batches.
 */
export class FailureCounts {
  #waiting = new BoundedMap<string, Hours>(MOST)
  #leaving: readonly Failures[] = []
  #left = Number.NaN
  /** Failures of credentials that do not exist, which are counted apart and never written. */
  #decoys = new BoundedMap<string, Hours>(MOST)

  /** @param exists If not, it is as much work, and comes to nothing. */
  count(credential: string, now: number, exists: boolean): void {
    const counts = exists ? this.#waiting : this.#decoys
    const hour = hourOf(now)
    const hours = counts.peek(credential) ?? addedTo(counts, credential)
    if (!hours.has(hour)) forgetOld(hours, hour)
    hours.set(hour, (hours.get(hour) ?? 0) + 1)
  }

  /** Whether some are to be written with a batch of this moment. */
  areDue(now: number): boolean {
    if (this.#leaving.length > 0) return true
    return this.#waiting.size > 0 && !(Math.abs(now - this.#left) < INTERVAL)
  }

  /** Some of those that are due. They stay here until {@link wrote} is told of them. */
  due(now: number, limit: number): readonly Failures[] {
    if (this.#leaving.length === 0 && this.areDue(now)) {
      this.all()
      this.#left = now
    }
    return this.#leaving.slice(0, limit)
  }

  /** All of them, due or not. */
  all(): readonly Failures[] {
    this.#leaving = [...this.#leaving, ...rowsOf(this.#waiting)]
    this.#waiting = new BoundedMap(MOST)
    this.#decoys = new BoundedMap(MOST)
    return this.#leaving
  }

  /** Forgets what was written. */
  wrote(written: readonly Failures[]): void {
    if (written.length === 0) return
    const gone = new Set(written)
    this.#leaving = this.#leaving.filter((each) => !gone.has(each))
  }

  forget(credential: string): void {
    this.#waiting.delete(credential)
    this.#leaving = this.#leaving.filter((each) => each.credential !== credential)
  }

  /** Those that wait, of one credential or of all. */
  *of(credential: string | null): Iterable<Failures> {
    for (const each of [...this.#leaving, ...rowsOf(this.#waiting)]) {
      if (credential === null || each.credential === credential) yield each
    }
  }
}

function addedTo(counts: BoundedMap<string, Hours>, name: string): Hours {
  const hours: Hours = new Map()
  // A copy: engines keep the whole header behind what was cut out of it.
  counts.set(Buffer.from(name).toString(), hours)
  return hours
}

function forgetOld(hours: Hours, now: number): void {
  for (const hour of hours.keys()) if (hour <= now - HOURS) hours.delete(hour)
}

function* rowsOf(counts: Iterable<[string, Hours]>): Iterable<Failures> {
  for (const [credential, hours] of counts) {
    for (const [hour, count] of hours) yield { credential, hour, count }
  }
}
