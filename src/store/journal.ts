import { setImmediate } from 'node:timers'
import { type CompiledQuery, type Kysely, sql } from 'kysely'
import { tellingBatches, tellingRemoval } from '../diagnostics/tell-work.ts'
import {
  type Answer,
  attempted,
  type Connection,
  type Row,
  type Steps,
  whenAnswered,
} from './connection.ts'
import { type Fingerprint, Fingerprints } from './fingerprints.ts'
import { type FingerprintedNonce, GroupCommit, PAUSE } from './group-commit.ts'
import type { Guard } from './guard.ts'
import { entriesOf, fingerprintOf, newTag, packEntries } from './journal-entries.ts'
import type { Syncing } from './log-sync.ts'
import { removeExpired } from './nonce-expiry.ts'
import type { MacDatabase, StateName } from './schema.ts'
import { allState, present, setState, stateOf } from './state.ts'
import { isBusy, isFailedSync, type StoreFailure, storeFailure } from './store-failure.ts'
import { type Nonce, type NonceStore, type Recorded, SEEN } from './types.ts'
import { type Due, NOTHING_DUE, type UsageCounters } from './usage/usage-counters.ts'
import { usageWriter } from './usage/usage-table.ts'

const HALTED =
  'a sync of its log failed, so that a power cut may take back what was accepted. Stop all processes that ' +
  'use it, see to the disk, and start them again.'

/** How many rows are read at a time: few enough that reading them is a short pause. */
const ROWS_AT_ONCE = 64

/** What a journal is made of. */
export interface JournalParts {
  /** What the operator knows the database by. */
  readonly name: string
  /** Its file, if it has one of ours. */
  readonly path: string | null
  /** What it is called in messages. */
  readonly label: string
  /** Compiles the statements; it does not run them. */
  readonly db: Kysely<MacDatabase>
  readonly connection: Connection
  readonly guarded: Guard
  /** Makes what syncs the log, if it is ours; it calls back if a sync fails. */
  readonly sync: ((failed: (error: Error) => void) => Syncing) | null
  readonly counters: UsageCounters
  /** How many nonces are kept in memory at most. */
  readonly mostNonces: number
  /** Fails what takes too long, if the connection may wait for itself. */
  inTime<Result>(work: Promise<Result>): Promise<Result>
  /** Is called before each batch; what it throws counts as the store's failure. */
  check(): void
}

/** The newest row, and what every verdict depends on, read in one statement. */
interface Head {
  readonly seq: number
  readonly tag: number | null
  readonly version: number
}

/** What came of a batch. Nothing of it counts before the commit. */
interface Appended {
  readonly recorded: readonly Recorded[]
  readonly fresh: readonly FingerprintedNonce[]
  readonly seq: number
  readonly tag: number
  readonly due: Due
  /** When the commit began. */
  readonly committing: number
}

/**
 * Nonces in a journal: each batch is one appended row, and the fingerprints of all rows are in memory.
 *
 * A transaction first reads the newest row. If that is not the one that this process read or wrote last,
 * another process was at work, and its rows are read first. So the verdicts of a batch are exact, and a
 * process that lost the lock between two batches loses nothing.
 *
 * Of what is remembered, nothing is taken back: not when a commit fails, whose outcome nobody knows, and
 * not when rows are gone, as after a restore. Memory is given back below the floor alone, and the highest
 * floor ever read counts.
 */
export class Journal implements NonceStore {
  readonly #parts: JournalParts
  readonly #memory: Fingerprints
  readonly #statements: Statements
  readonly #writeDue: (due: Due) => Steps<void>
  readonly #failure: StoreFailure
  readonly #commits: GroupCommit
  readonly #sync: Syncing | null
  /** The secret number that all fingerprints of this database are made with. */
  #salt = 0
  /** The row that was read or written last. */
  #seq = 0
  #tag: number | null = null
  /** In the catch-up under way: from where all rows had to be read again, or 0. */
  #lost = 0
  /** The highest floor that was ever read, or that memory has room for. */
  #floor = 0
  /** When the operator was last told that memory is full. */
  #toldFull = Number.NEGATIVE_INFINITY
  /** Whether the last batch wrote what a later sync has to cover. */
  #unsynced = false
  #halted: { readonly cause: unknown } | null = null

  constructor(parts: JournalParts) {
    this.#parts = parts
    this.#memory = new Fingerprints(parts.mostNonces)
    this.#statements = statementsOf(parts.db)
    this.#writeDue = usageWriter(parts.db)
    this.#sync = parts.sync?.((error) => this.#halt(error)) ?? null
    this.#failure = storeFailure(parts.name, parts.path)
    this.#commits = new GroupCommit({
      record: tellingBatches(parts.label, (batch) => this.#record(batch)),
      synced: () =>
        this.#unsynced && this.#sync !== null ? this.#sync.wait().then(this.#checkRunning) : null,
      failure: this.#failure,
    })
  }

  /**
   * Reads the window back, in pieces.
   *
   * @throws Error if a sync of the log failed before, and what is in it cannot be brought into the file.
   */
  async open(): Promise<void> {
    const { connection, guarded } = this.#parts
    const state = stateOf(await guarded(async () => connection.run(allState(this.#parts.db))))
    this.#salt = present('nonce_salt', state.get('nonce_salt'))
    if (present('halted', state.get('halted')) !== 0) await this.#recover()
    while (!this.#follow(await guarded(async () => connection.run(this.#nextRows())))) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  record({ timestamp, credential, keyNumber, nonce, now }: Nonce): Promise<Recorded> {
    const fingerprint = fingerprintOf(this.#salt, timestamp, credential, nonce)
    if (this.#knows(timestamp, fingerprint)) return Promise.resolve(SEEN)
    const given = { timestamp, credential, keyNumber, nonce, now, fingerprint }
    return this.#parts.inTime(this.#commits.record(given))
  }

  isKnown(timestamp: number, credential: string, nonce: string): boolean {
    const fingerprint = fingerprintOf(this.#salt, timestamp, credential, nonce)
    return this.#knows(timestamp, fingerprint)
  }

  failed(credential: string, now: number, exists = true): void {
    this.#parts.counters.failures.count(credential, now, exists)
  }

  async prune(now: number, keepSeconds: number, limit: number): Promise<number> {
    const { connection, db, guarded, label } = this.#parts
    const steps = () => removeExpired(db, now, keepSeconds, limit)
    return tellingRemoval(label, 'nonces', () =>
      guarded(async () => {
        const { removed, floor } = await connection.transact(steps, 'later')
        this.#raiseFloor(floor)
        return removed
      }),
    )
  }

  /** Lets what waits be recorded, writes what no nonce took along, and ends the sync. */
  async close(): Promise<void> {
    await this.#commits.drain()
    const { connection, guarded, counters } = this.#parts
    const due = counters.all()
    if (due.uses.length + due.failures.length > 0) {
      const write = async () => connection.transact(() => this.#writeDue(due), 'later')
      // Nobody is accepted or rejected because of them.
      await guarded(write).catch(() => {})
    }
    await this.#sync?.close()
  }

  #record(batch: readonly FingerprintedNonce[]): Answer<readonly Recorded[]> {
    const { connection, check, counters } = this.#parts
    check()
    this.#checkRunning()
    const sync = this.#sync?.next ?? 'at once'
    const append = () => connection.transact(() => this.#append(batch), sync)
    return whenAnswered(
      attempted(append, (error) => {
        if (isFailedSync(error)) this.#halt(error)
        // Whoever holds the lock is quicker if its commits do not sync, and so are we.
        if (isBusy(error)) this.#sync?.waited(PAUSE)
        throw error
      }),
      ({ recorded, fresh, seq, tag, due, committing }) => {
        this.#unsynced = sync === 'later' && fresh.length > 0
        if (fresh.length > 0) {
          if (sync === 'at once') this.#sync?.took(performance.now() - committing)
          this.#seq = seq
          this.#tag = tag
        }
        for (const { timestamp, fingerprint } of fresh) this.#remember(timestamp, fingerprint)
        counters.committed(batch, recorded, due)
        return recorded
      },
    )
  }

  /** Also when a sync has succeeded: that of a commit may have failed meanwhile, and left a hole before it. */
  readonly #checkRunning = (): void => {
    if (this.#halted !== null) throw new Error(HALTED, this.#halted)
  };

  *#append(batch: readonly FingerprintedNonce[]): Steps<Appended> {
    const { seq, tag, version } = this.#readHead((yield this.#statements.head)[0])
    if (seq !== this.#seq || tag !== this.#tag) yield* this.#catchUp()
    const floor = this.#floor
    const added: Recorded = { verdict: 'new', version }
    const forgotten: Recorded = { verdict: 'forgotten', version, floor }
    const fresh = new Map<number, FingerprintedNonce>()
    const recorded = batch.map((nonce) => {
      const { timestamp, fingerprint } = nonce
      const { high, low } = fingerprint
      // As many bits as a number holds exactly: two that are alike by chance come to one rejection.
      const name = high * 2 ** 21 + (low >>> 11)
      if (timestamp < floor) return forgotten
      if (fresh.has(name) || this.#memory.has(timestamp, fingerprint)) return SEEN
      fresh.set(name, nonce)
      return added
    })
    const next = { seq: this.#seq + 1, tag: newTag() }
    if (fresh.size === 0) return { recorded, fresh: [], ...next, due: NOTHING_DUE, committing: 0 }
    const all = [...fresh.values()]
    const { latest, entries } = packEntries(all)
    const parameters = [next.seq, next.tag, latest, entries]
    yield { ...this.#statements.append, parameters }
    const due = yield* this.#writeUsage(batch, recorded)
    return { recorded, fresh: all, ...next, due, committing: performance.now() }
  }

  /** Writes the use of credentials with a batch. If that fails, the batch is committed without it. */
  *#writeUsage(batch: readonly Nonce[], recorded: readonly Recorded[]): Steps<Due> {
    const { counters, name } = this.#parts
    const due = counters.dueWith(batch, recorded)
    if (due.uses.length + due.failures.length === 0) return due
    yield this.#statements.savepoint
    try {
      yield* this.#writeDue(due)
    } catch (error) {
      if (isBusy(error)) throw error
      // This fails if SQLite rolled back all of the transaction, and so does the batch then.
      yield this.#statements.rollbackTo
      counters.failed(name, batch[0]?.now ?? 0, this.#failure(error))
      return NOTHING_DUE
    }
    return due
  }

  /** Reads what other processes appended. */
  *#catchUp(): Steps<void> {
    this.#lost = 0
    let isAtEnd = false
    while (!isAtEnd) isAtEnd = this.#follow(yield this.#nextRows())
  }

  /** From the row on that was read last. */
  #nextRows(): CompiledQuery {
    return { ...this.#statements.rows, parameters: [this.#seq, ROWS_AT_ONCE] }
  }

  /**
   * Remembers the nonces of rows that follow on the one that was read last. If that is not there any more as
   * it was (a restore, rows deleted by hand), all rows are to be read.
   *
   * @returns Whether there are no more of them.
   * @throws Error if it gets nowhere.
   */
  #follow(rows: readonly Row[]): boolean {
    const [from, tag] = [this.#seq, this.#tag]
    const [first] = rows
    if (tag !== null && (Number(first?.seq) !== from || Number(first?.tag) !== tag)) {
      return this.#startOver(from)
    }
    // What was removed before these were read must not be called new after a restore that brings it back.
    if (first !== undefined) this.#raiseFloor(present('nonce_floor', first.floor))
    for (const row of tag === null ? rows : rows.slice(1)) {
      for (const { timestamp, fingerprint } of entriesOf(Number(row.latest), row.entries)) {
        if (timestamp >= this.#floor) this.#remember(timestamp, fingerprint)
      }
      // Not before: a row that cannot be read must not be passed over the next time.
      this.#seq = Number(row.seq)
      this.#tag = Number(row.tag)
    }
    // Otherwise they are not in their order.
    if (rows.length >= 2 && this.#seq <= from) return this.#startOver(from)
    return rows.length < ROWS_AT_ONCE
  }

  /** Rows that are only removed in between let each attempt get further than the one before. */
  #startOver(from: number): false {
    this.#seq = 0
    this.#tag = null
    if (from > this.#lost) {
      this.#lost = from
      return false
    }
    throw new Error('its table mac_nonce_log is damaged. Restore it from a backup.')
  }

  /** Below the floor only the store says what became of one. */
  #knows(timestamp: number, fingerprint: Fingerprint): boolean {
    return timestamp >= this.#floor && this.#memory.has(timestamp, fingerprint)
  }

  #remember(timestamp: number, fingerprint: Fingerprint): void {
    const floor = this.#memory.add(timestamp, fingerprint)
    if (floor === null) return
    this.#floor = Math.max(this.#floor, floor)
    this.#tellFull()
  }

  /** Tells the operator, at most once a minute, that there are more nonces than may be kept in memory. */
  #tellFull(): void {
    const now = performance.now()
    if (now - this.#toldFull < 60_000) return
    this.#toldFull = now
    const { name, mostNonces } = this.#parts
    console.error(
      `withmac: ${name}: there are more than ${mostNonces} nonces, which is what maxNoncesInMemory allows. The ` +
        `oldest are given up, and requests with a timestamp before ${this.#floor} are rejected. If this is ` +
        'usual traffic, raise it. If one client floods, limit it by rateLimit.requests, or disable its ' +
        'credential.',
    )
  }

  #readHead(row: Row | undefined): Head {
    if (present('halted', row?.halted) !== 0) throw new Error(HALTED)
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

  /** A sync failed: what was committed may be lost with a power cut, and everything after it. */
  #halt(error: unknown): void {
    this.#halted = { cause: error }
    const { connection, db, guarded } = this.#parts
    // Unsynced: the sync of this connection is likely to fail as well, and the commit with it. A power cut that
    // takes this takes all that came after the failed sync, and nobody was answered for it.
    const halt = async () => connection.transact(() => setHalted(db, 1), 'later')
    const write = () => guarded(halt)
    // If this fails as well, the others find out by their own syncs.
    write()
      .catch(write)
      .catch(() => {})
  }

  /** What is in the log is brought into the database file, as the operating system still has it. */
  async #recover(): Promise<void> {
    const { connection, db, guarded } = this.#parts
    const checkpoint = sql`pragma wal_checkpoint(truncate)`.compile(db)
    const [row] = await guarded(async () => connection.run(checkpoint))
    if (Number(row?.busy) !== 0) throw new Error(HALTED)
    await guarded(async () => connection.transact(() => setHalted(db, 0), 'at once'))
  }
}

function* setHalted(db: Kysely<MacDatabase>, value: 0 | 1): Steps<void> {
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
