import { setImmediate } from 'node:timers'
import { type CompiledQuery, type Kysely, sql } from 'kysely'
import { publishBatches, publishRemoval } from '../diagnostics.ts'
import { attempted, type Coroutine, type MaybePromise, whenResolved } from './connection.ts'
import { type Fingerprint, Fingerprints } from './fingerprints.ts'
import { type FingerprintedNonce, GroupCommit, LOCK_PAUSE_MS } from './group-commit.ts'
import { entriesOf, fingerprintOf, newTag, packEntries } from './journal-entries.ts'
import type { Syncing } from './log-sync.ts'
import { cleanUpNonces } from './nonce-expiry.ts'
import { IN_REDIS, isInRedis, leaveRedis, PLACE } from './nonce-switch.ts'
import {
  allState,
  type MacDatabase,
  present,
  type Row,
  type StateName,
  setState,
  stateOf,
} from './schema.ts'
import { type ErrorConverter, errorConverter, isBusy, isFailedSync } from './store-failure.ts'
import type { StoreParts } from './store-parts.ts'
import { type Nonce, type NonceStore, type Recorded, SEEN } from './types.ts'
import { type Due, isNothing, NOTHING_DUE } from './usage/usage-counters.ts'
import { usageWriter } from './usage/usage-table.ts'

const HALTED =
  'a sync of its write-ahead log failed, so a power cut could undo nonces that were already accepted. Stop all ' +
  'processes that use it, check the disk, and start them again.'

/** How many rows are read at a time: few enough that the event loop does not wait long. */
const ROWS_AT_ONCE = 64

/** The newest row, and the version of the credentials, read in one statement. */
interface Head {
  readonly seq: number
  readonly tag: number | null
  readonly version: number
}

/** What the transaction of a batch did. It counts only after the commit. */
interface Appended {
  readonly recorded: readonly Recorded[]
  /** The row that was appended; `null` if no nonce of the batch is new. */
  readonly row: AppendedRow | null
  /** The usage that was written with the row. */
  readonly due: Due
}

interface AppendedRow {
  readonly seq: number
  readonly tag: number
  readonly nonces: readonly FingerprintedNonce[]
  /** When its commit began, from `performance.now()`. */
  readonly commitBegan: number
}

/**
 * The nonce store. The new nonces of a batch are one appended row. The fingerprints of the rows are in
 * memory, up to `mostNonces`.
 *
 * A transaction first reads the newest row. If it is not the row that this process read or wrote last, then
 * another process has appended rows, and these are read first. So the verdicts of a batch are exact, even if
 * other processes had the lock since the last batch.
 *
 * If a commit fails, its outcome is unknown: if its row is there, the next transaction reads it. A fingerprint
 * that is in memory stays there, even if the sync of its row fails, or if rows are gone, as after a restore.
 * Only fingerprints below the floor are dropped, and the highest floor that was ever read counts.
 */
export class Journal implements NonceStore {
  readonly #parts: StoreParts
  readonly #memory: Fingerprints
  readonly #statements: Statements
  readonly #writeDue: (due: Due) => Coroutine<void>
  readonly #toMacError: ErrorConverter
  readonly #commits: GroupCommit
  readonly #sync: Syncing | null
  /** The secret number with which all fingerprints of this database are computed. */
  #salt = 0
  /** The row that was read or written last. */
  #seq = 0
  #tag: number | null = null
  /** During a catch-up: the row at which all rows had to be read again, or 0. */
  #lost = 0
  /** The highest floor that was ever read, or that follows from the limit on memory. */
  #floor = 0
  /** When the operator was last warned that memory is full. */
  #warnedFull = Number.NEGATIVE_INFINITY
  /** Whether the last batch still needs a later sync. */
  #unsynced = false
  #halted: { readonly cause: unknown } | null = null
  /** Whether this process has committed a batch. */
  #hasRecorded = false

  constructor(parts: StoreParts) {
    this.#parts = parts
    this.#memory = new Fingerprints(parts.mostNonces)
    this.#statements = statementsOf(parts.db)
    this.#writeDue = usageWriter(parts.db, parts.language)
    this.#sync = parts.sync?.((error) => this.#halt(error)) ?? null
    this.#toMacError = errorConverter(parts.nameInErrors, parts.path)
    this.#commits = new GroupCommit({
      commit: publishBatches(parts.label, (batch) => this.#commitBatch(batch)),
      synced: () =>
        this.#unsynced && this.#sync !== null ? this.#sync.wait().then(this.#checkRunning) : null,
      toMacError: this.#toMacError,
    })
  }

  /**
   * Reads the fingerprints of all rows into memory, in small steps.
   *
   * @throws Error if a sync of the write-ahead log failed before, and it cannot be written into the database
   *   file.
   */
  async open(): Promise<void> {
    const { connection, guarded } = this.#parts
    const state = stateOf(await guarded(async () => connection.run(allState(this.#parts.db))))
    this.#salt = present('nonce_salt', state.get('nonce_salt'))
    if (present('halted', state.get('halted')) === PLACE.halted) await this.#recover()
    while (!this.#follow(await guarded(async () => connection.run(this.#nextRows())))) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  record({ timestamp, credential, keyNumber, nonce, now }: Nonce): Promise<Recorded> {
    const fingerprint = fingerprintOf(this.#salt, timestamp, credential, nonce)
    if (this.#knows(timestamp, fingerprint)) return Promise.resolve(SEEN)
    const given = { timestamp, credential, keyNumber, nonce, now, fingerprint }
    return this.#parts.inTime(this.#commits.add(given))
  }

  isKnown(timestamp: number, credential: string, nonce: string): boolean {
    const fingerprint = fingerprintOf(this.#salt, timestamp, credential, nonce)
    return this.#knows(timestamp, fingerprint)
  }

  countFailure(credential: string, now: number, exists = true): void {
    this.#parts.counters.failures.count(credential, now, exists)
  }

  async prune(now: number, keepSeconds: number, limit: number): Promise<number> {
    const { connection, db, guarded, label } = this.#parts
    const work = () => cleanUpNonces(db, now, keepSeconds, limit)
    return publishRemoval(label, 'nonces', () =>
      guarded(async () => {
        const { removed, floor } = await connection.transact(work, 'later')
        this.#raiseFloor(floor)
        return removed
      }),
    )
  }

  /** Waits until all nonces are recorded, writes the usage that is left, and ends the sync. */
  async close(): Promise<void> {
    await this.#commits.drain()
    const { connection, guarded, counters } = this.#parts
    const due = counters.all()
    if (!isNothing(due)) {
      const write = async () => connection.transact(() => this.#writeDue(due), 'later')
      // A failure here is ignored: no verdict depends on the usage.
      await guarded(write).catch(() => {})
    }
    await this.#sync?.close()
  }

  #commitBatch(batch: readonly FingerprintedNonce[]): MaybePromise<readonly Recorded[]> {
    const { connection, check, counters } = this.#parts
    check()
    this.#checkRunning()
    const mode = this.#sync?.mode ?? 'at once'
    const append = () => connection.transact(() => this.#append(batch), mode)
    return whenResolved(
      attempted(append, (error) => {
        if (isFailedSync(error)) this.#halt(error)
        // Another connection holds the lock. Processes wait less if commits do not sync while they hold it.
        if (isBusy(error)) this.#sync?.waited(LOCK_PAUSE_MS)
        throw error
      }),
      ({ recorded, row, due }) => {
        this.#hasRecorded = true
        this.#unsynced = mode === 'later' && row !== null
        if (row !== null) {
          if (mode === 'at once') this.#sync?.took(performance.now() - row.commitBegan)
          this.#seq = row.seq
          this.#tag = row.tag
          for (const { timestamp, fingerprint } of row.nonces) {
            this.#remember(timestamp, fingerprint)
          }
        }
        counters.committed(batch, recorded, due)
        return recorded
      },
    )
  }

  /** Is called after a successful sync too: an earlier one may have failed, and left a hole in the WAL. */
  readonly #checkRunning = (): void => {
    if (this.#halted !== null) throw new Error(HALTED, this.#halted)
  };

  *#append(batch: readonly FingerprintedNonce[]): Coroutine<Appended> {
    const { seq, tag, version } = this.#readHead(yield* this.#head(batch))
    if (seq !== this.#seq || tag !== this.#tag) yield* this.#catchUp()
    const floor = this.#floor
    const added: Recorded = { verdict: 'new', version }
    const forgotten: Recorded = { verdict: 'forgotten', version, floor }
    const fresh = new Map<number, FingerprintedNonce>()
    const recorded = batch.map((nonce) => {
      const { timestamp, fingerprint } = nonce
      const { high, low } = fingerprint
      // A number holds 53 bits exactly. If they are equal by chance, one new nonce is rejected.
      const first53Bits = high * 2 ** 21 + (low >>> 11)
      if (timestamp < floor) return forgotten
      if (fresh.has(first53Bits) || this.#memory.has(timestamp, fingerprint)) return SEEN
      fresh.set(first53Bits, nonce)
      return added
    })
    if (fresh.size === 0) return { recorded, row: null, due: NOTHING_DUE }
    const row = { seq: this.#seq + 1, tag: newTag(), nonces: [...fresh.values()] }
    const { latest, entries } = packEntries(row.nonces)
    const parameters = [row.seq, row.tag, latest, entries]
    yield { ...this.#statements.append, parameters }
    const due = yield* this.#writeUsage(batch, recorded)
    return { recorded, row: { ...row, commitBegan: performance.now() }, due }
  }

  /** Reads the head. Before the first batch of this process, moves the nonces here if they are in Redis. */
  *#head(batch: readonly Nonce[]): Coroutine<Row | undefined> {
    const { head } = this.#statements
    const [row] = yield head
    if (this.#hasRecorded || !isInRedis(present('halted', row?.halted))) return row
    const now = batch.reduce((latest, nonce) => Math.max(latest, nonce.now), 0)
    yield* leaveRedis(this.#parts.db, now, this.#parts.keepSeconds)
    return (yield head)[0]
  }

  /** Writes the usage of credentials with a batch. If that fails, the batch is committed without it. */
  *#writeUsage(batch: readonly Nonce[], recorded: readonly Recorded[]): Coroutine<Due> {
    const { counters, nameInErrors } = this.#parts
    const due = counters.dueWith(batch, recorded)
    if (isNothing(due)) return due
    yield this.#statements.savepoint
    try {
      yield* this.#writeDue(due)
    } catch (error) {
      if (isBusy(error)) throw error
      // If SQLite has rolled back the whole transaction, this fails, and the batch fails with it.
      yield this.#statements.rollbackTo
      counters.writeFailed(nameInErrors, batch[0]?.now ?? 0, this.#toMacError(error))
      return NOTHING_DUE
    }
    return due
  }

  /** Reads the rows that other processes have appended. */
  *#catchUp(): Coroutine<void> {
    this.#lost = 0
    let isAtEnd = false
    while (!isAtEnd) isAtEnd = this.#follow(yield this.#nextRows())
  }

  /** The query for the next rows. It starts at the row that was read last. */
  #nextRows(): CompiledQuery {
    return { ...this.#statements.rows, parameters: [this.#seq, ROWS_AT_ONCE] }
  }

  /**
   * Adds the nonces of rows to memory. The first row must be the one that was read last. If it is not
   * (after a restore, or if rows were deleted by hand), all rows must be read again.
   *
   * @returns Whether these were the last rows.
   * @throws Error if reading all rows again does not get further either.
   */
  #follow(rows: readonly Row[]): boolean {
    const [from, tag] = [this.#seq, this.#tag]
    const [first] = rows
    if (tag !== null && (Number(first?.seq) !== from || Number(first?.tag) !== tag)) {
      return this.#startOver(from)
    }
    // Nonces below the floor were removed. A restore may bring an older floor back, but they stay rejected.
    if (first !== undefined) this.#raiseFloor(present('nonce_floor', first.floor))
    for (const row of tag === null ? rows : rows.slice(1)) {
      for (const { timestamp, fingerprint } of entriesOf(Number(row.latest), row.entries)) {
        if (timestamp >= this.#floor) this.#remember(timestamp, fingerprint)
      }
      // Set only now: if this row cannot be read, the next attempt must not skip it.
      this.#seq = Number(row.seq)
      this.#tag = Number(row.tag)
    }
    // Several rows, but no progress: they are not in order.
    if (rows.length >= 2 && this.#seq <= from) return this.#startOver(from)
    return rows.length < ROWS_AT_ONCE
  }

  /**
   * Reads all rows again. If another process only removes rows meanwhile, each attempt gets further than the
   * one before. Otherwise the table is damaged.
   */
  #startOver(from: number): false {
    this.#seq = 0
    this.#tag = null
    if (from > this.#lost) {
      this.#lost = from
      return false
    }
    throw new Error('its table mac_nonce_log is damaged. Restore it from a backup.')
  }

  /** Whether memory has the nonce. Below the floor, the store must decide. */
  #knows(timestamp: number, fingerprint: Fingerprint): boolean {
    return timestamp >= this.#floor && this.#memory.has(timestamp, fingerprint)
  }

  #remember(timestamp: number, fingerprint: Fingerprint): void {
    const floor = this.#memory.add(timestamp, fingerprint)
    if (floor === null) return
    this.#floor = Math.max(this.#floor, floor)
    this.#warnFull()
  }

  /** Warns the operator, at most once a minute, that there are more nonces than memory may hold. */
  #warnFull(): void {
    const now = performance.now()
    if (now - this.#warnedFull < 60_000) return
    this.#warnedFull = now
    const { nameInErrors, mostNonces } = this.#parts
    console.error(
      `withmac: ${nameInErrors}: there are more than ${mostNonces} nonces, the limit of maxNoncesInMemory. The oldest ` +
        `are dropped, and requests with a timestamp before ${this.#floor} are rejected. If this is normal ` +
        'traffic, raise maxNoncesInMemory. If one client floods the server, limit it with ' +
        'rateLimit.requests, or disable its credential.',
    )
  }

  #readHead(row: Row | undefined): Head {
    const place = present('halted', row?.halted)
    if (place !== PLACE.database) throw new Error(isInRedis(place) ? IN_REDIS : HALTED)
    if (present('nonce_salt', row?.salt) !== this.#salt) {
      throw new Error('another database was restored in its place. Restart to use it.')
    }
    this.#raiseFloor(present('nonce_floor', row?.floor))
    const tag = row?.tag ?? null
    return {
      seq: Number(row?.seq ?? 0),
      tag: tag === null ? null : Number(tag),
      version: present('credentials_mark', row?.version),
    }
  }

  #raiseFloor(floor: number): void {
    if (floor <= this.#floor) return
    this.#floor = floor
    this.#memory.dropBelow(floor)
  }

  /** Stops accepting requests, because a sync failed: a power cut may lose that commit and all later ones. */
  #halt(error: unknown): void {
    this.#halted = { cause: error }
    const { connection, db, guarded } = this.#parts
    // Without a sync: that would probably fail too, and the commit with it. If a power cut loses this commit,
    // it loses everything after the failed sync, and none of that was accepted.
    const halt = async () => connection.transact(() => setHalted(db, 1), 'later')
    const write = () => guarded(halt)
    // If this fails too, the other processes will notice by their own syncs.
    write()
      .catch(write)
      .catch(() => {})
  }

  /**
   * Writes the write-ahead log, as the operating system still has it, into the database file. Then requests
   * are accepted again.
   */
  async #recover(): Promise<void> {
    const { connection, db, guarded } = this.#parts
    const checkpoint = sql`pragma wal_checkpoint(truncate)`.compile(db)
    const [row] = await guarded(async () => connection.run(checkpoint))
    if (Number(row?.busy) !== 0) throw new Error(HALTED)
    await guarded(async () => connection.transact(() => setHalted(db, 0), 'at once'))
  }
}

function* setHalted(db: Kysely<MacDatabase>, value: 0 | 1): Coroutine<void> {
  yield setState(db, 'halted', value)
}

type Statements = Readonly<
  Record<'head' | 'append' | 'rows' | 'savepoint' | 'rollbackTo', CompiledQuery>
>

/** The statements of the hot path, compiled once. */
function statementsOf(db: Kysely<MacDatabase>): Statements {
  const state = (name: StateName) =>
    sql`(select value from mac_state where name = ${sql.lit(name)})`
  const row = { seq: 0, tag: 0, latest: 0, entries: new Uint8Array() }
  return {
    head: sql`select head.seq, head.tag, ${state('nonce_floor')} as floor,
      ${state('credentials_mark')} as version, ${state('nonce_salt')} as salt,
      ${state('halted')} as halted
      from (select 1) left join (
        select seq, tag from mac_nonce_log order by seq desc limit 1) as head`.compile(db),
    append: db.insertInto('mac_nonce_log').values(row).compile(),
    rows: sql`select seq, tag, latest, entries, ${state('nonce_floor')} as floor from mac_nonce_log
      where seq >= ${0} order by seq limit ${0}`.compile(db),
    savepoint: sql`savepoint mac_usage`.compile(db),
    rollbackTo: sql`rollback to mac_usage`.compile(db),
  }
}
