import { Buffer } from 'node:buffer'
import { BoundedMap } from '../../bounded-map.ts'

/** The lengths of the periods in which requests are counted, in seconds. */
export const MINUTE = 60
export const HOUR = 3600

/** How many minutes, and how many hours, are counted. */
export const MINUTES = 60
export const HOURS = 24

/** The name under which the requests of all credentials are counted, and those of none. */
export const ALL = ''

/** How many requests had one result, in one period. */
export interface TrafficRow {
  /** The identifier, or {@link ALL}. */
  readonly credential: string
  /** {@link MINUTE} or {@link HOUR}. */
  readonly seconds: number
  /** When the period starts, in seconds since 1970. */
  readonly start: number
  /** `accepted`, or the code of the error. */
  readonly code: string
  readonly count: number
}

/** The minimum time between two writes, in seconds. */
const INTERVAL = 60
/** For how many credentials counts may wait. With more, the half that was used longest ago may be dropped. */
const MOST_CREDENTIALS = 4096
/** How many counts of one credential may wait, each of one code in one minute. With more, the oldest is dropped. */
const MOST_OF_ONE = 16
/** How many counts of single credentials are written at once, each for a minute and for its hour. */
const MOST_WRITTEN = 128

/** A count of one credential in one minute. */
interface Tally {
  readonly code: string
  readonly minute: number
  count: number
}

/** The counts of credentials, by identifier. */
type Tallies = BoundedMap<string, Tally[]>

/** Counts by code. */
type Codes = Map<string, number>

/** The start of the minute or the hour that a time is in. */
export function startOf(seconds: number, time: number): number {
  return Math.floor(time / seconds) * seconds
}

/**
 * Counts accepted and rejected requests in memory: for all exactly, by code; and for single credentials. Once a
 * minute, the counts that wait become due together, and are written with the next batch of nonces. So a
 * rejected request never causes a write.
 *
 * The memory is bounded, however long no request is accepted: the counts of the last hour wait by minute, and
 * earlier ones by hour, for a day.
 *
 * For single credentials there are limits, so that the table stays small: with each write, only the counts of
 * the most active credentials go into it. Those of requests that anyone could have sent come last, so that an
 * attacker who knows many identifiers cannot displace the counts of clients.
 */
export class TrafficCounters {
  #minutes = new Map<number, Codes>()
  /** Counts of minutes that are too long ago to be kept one by one. */
  #hours = new Map<number, Codes>()
  /** The counts of the minute in which the last request came. */
  #minute = Number.NaN
  #codes: Codes = new Map()
  /** Counts of requests that the clients of credentials sent. */
  #clients: Tallies = new BoundedMap(MOST_CREDENTIALS)
  /** Counts of requests that anyone could have sent who knows the identifier. */
  #named: Tallies = new BoundedMap(MOST_CREDENTIALS)
  /** The same for identifiers that do not exist. They are never written. */
  #decoys: Tallies = new BoundedMap(MOST_CREDENTIALS)
  #due: readonly TrafficRow[] = []
  /** When counts last became due. */
  #dueSince = Number.NaN

  /** Counts a request for all. */
  count(code: string, now: number): void {
    const minute = startOf(MINUTE, now)
    if (minute !== this.#minute) this.#startMinute(minute)
    this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1)
  }

  /** Counts a request that a credential's client sent, for this credential. Call {@link count} too. */
  countOf(credential: string, code: string, now: number): void {
    addTally(this.#clients, credential, code, now)
  }

  /**
   * Counts a rejected request for the credential that it named, which anyone could have sent.
   * @param exists Whether there is such a credential. If not, it does the same work, but counts nothing.
   */
  countNamed(credential: string, code: string, now: number, exists: boolean): void {
    addTally(exists ? this.#named : this.#decoys, credential, code, now)
  }

  /** Returns counts that are due. They stay here until {@link wrote} is called with them. */
  due(now: number): readonly TrafficRow[] {
    const isTime = !(Math.abs(now - this.#dueSince) < INTERVAL)
    if (this.#due.length === 0 && isTime && (this.#minutes.size > 0 || this.#hours.size > 0)) {
      this.all()
      this.#dueSince = now
    }
    return this.#due
  }

  /** Makes all counts due, and returns them. */
  all(): readonly TrafficRow[] {
    this.#due = [...this.#due, ...this.#waitingOfAll(), ...this.#mostActive()]
    this.#minutes = new Map()
    this.#hours = new Map()
    this.#minute = Number.NaN
    this.#clients = new BoundedMap(MOST_CREDENTIALS)
    this.#named = new BoundedMap(MOST_CREDENTIALS)
    this.#decoys = new BoundedMap(MOST_CREDENTIALS)
    return this.#due
  }

  /** Removes counts that were written. */
  wrote(written: readonly TrafficRow[]): void {
    if (written.length === 0) return
    const gone = new Set(written)
    this.#due = this.#due.filter((row) => !gone.has(row))
  }

  /** Forgets an identifier, because a new credential has it. */
  forget(credential: string): void {
    this.#clients.delete(credential)
    this.#named.delete(credential)
    this.#due = this.#due.filter((row) => row.credential !== credential)
  }

  /** The counts that are not written yet, of one credential or of all. */
  *of(credential: string | null): Iterable<TrafficRow> {
    const name = credential ?? ALL
    for (const row of this.#due) if (row.credential === name) yield row
    if (credential === null) yield* this.#waitingOfAll()
    for (const tallies of [this.#clients, this.#named]) {
      for (const tally of tallies.peek(name) ?? []) yield* rowsOf(name, tally)
    }
  }

  *#waitingOfAll(): Iterable<TrafficRow> {
    for (const [minute, codes] of this.#minutes) {
      for (const [code, count] of codes) yield* rowsOf(ALL, { code, minute, count })
    }
    for (const [start, codes] of this.#hours) {
      for (const [code, count] of codes)
        yield { credential: ALL, seconds: HOUR, start, code, count }
    }
  }

  #mostActive(): TrafficRow[] {
    return [...largest(this.#clients), ...largest(this.#named)]
      .slice(0, MOST_WRITTEN)
      .flatMap(({ credential, tally }) => rowsOf(credential, tally))
  }

  #startMinute(minute: number): void {
    this.#minute = minute
    this.#codes = this.#minutes.get(minute) ?? new Map()
    this.#minutes.set(minute, this.#codes)
    if (this.#minutes.size <= MINUTES) return
    const oldest = earliestExcept(this.#minutes, minute)
    const hour = startOf(HOUR, oldest)
    const codes = this.#hours.get(hour) ?? new Map<string, number>()
    for (const [code, count] of this.#minutes.get(oldest) ?? []) {
      codes.set(code, (codes.get(code) ?? 0) + count)
    }
    this.#minutes.delete(oldest)
    this.#hours.set(hour, codes)
    if (this.#hours.size > HOURS) this.#hours.delete(earliestExcept(this.#hours, hour))
  }
}

function earliestExcept(periods: ReadonlyMap<number, unknown>, one: number): number {
  return Math.min(...[...periods.keys()].filter((start) => start !== one))
}

interface Counted {
  readonly credential: string
  readonly tally: Tally
}

/** The counts that may be written, the largest first. Few are sorted at a time, since there may be many. */
function largest(tallies: Tallies): Counted[] {
  const found: Counted[] = []
  let least = 0
  for (const [credential, own] of tallies) {
    for (const tally of own) if (tally.count > least) found.push({ credential, tally })
    if (found.length >= 4 * MOST_WRITTEN) least = keepLargest(found)
  }
  keepLargest(found)
  return found
}

/** Sorts the counts, and drops those that are too many. Returns the smallest that stays. */
function keepLargest(counts: Counted[]): number {
  counts.sort((a, b) => b.tally.count - a.tally.count)
  counts.length = Math.min(counts.length, MOST_WRITTEN)
  return counts.at(-1)?.tally.count ?? 0
}

/** The rows of a count: one for its minute and one for its hour. */
function rowsOf(
  credential: string,
  { code, minute, count }: Pick<Tally, 'code' | 'minute' | 'count'>,
): TrafficRow[] {
  return [
    { credential, seconds: MINUTE, start: minute, code, count },
    { credential, seconds: HOUR, start: startOf(HOUR, minute), code, count },
  ]
}

function addTally(tallies: Tallies, credential: string, code: string, now: number): void {
  const minute = startOf(MINUTE, now)
  const own = tallies.get(credential)
  if (own === undefined) {
    tallies.set(copied(credential), [{ code, minute, count: 1 }])
    return
  }
  for (const tally of own) {
    if (tally.minute === minute && tally.code === code) {
      tally.count++
      return
    }
  }
  own.push({ code, minute, count: 1 })
  if (own.length > MOST_OF_ONE) own.shift()
}

/** Copies a part of a header. Otherwise the engine would keep the whole header in memory. */
export function copied(piece: string): string {
  return Buffer.from(piece).toString()
}
