import { setImmediate } from 'node:timers/promises'
import { Kysely } from 'kysely'
import type { SqliteConnection } from '../../../src/store/connection.ts'
import { openSqlite } from '../../../src/store/drivers/choose-driver.ts'
import type { SqliteHandle } from '../../../src/store/drivers/sqlite-handle.ts'
import { guard } from '../../../src/store/guard.ts'
import type { Journal } from '../../../src/store/journal.ts'
import { entriesOf, fingerprintOf } from '../../../src/store/journal-entries.ts'
import type { LogSync, Syncing, Thread, ThreadEvents } from '../../../src/store/log-sync.ts'
import { migrate } from '../../../src/store/migrations.ts'
import type { MacDatabase } from '../../../src/store/schema.ts'
import { UsageCounters } from '../../../src/store/usage/usage-counters.ts'
import type { Random } from '../random.ts'

/** The code under test: the library's, or a copy with a mistake. */
export interface JournalCode {
  readonly Journal: typeof Journal
  readonly LogSync: typeof LogSync
  readonly SqliteConnection: typeof SqliteConnection
}

/** What can happen besides requests, kills and power cuts. */
export interface Troubles {
  /** Commits with an unknown outcome, and syncs that fail. */
  readonly disk: boolean
  /** A person restores the database in place, or deletes rows. */
  readonly hands: boolean
}

/** How long a sync takes on a slow disk, in milliseconds. */
const SLOW = 1000
/** A step of the clock, in seconds. After a few of them the journal frees memory. */
const STEP = 32
/** The timestamps of all nonces. */
const TIMESTAMPS = [10, 10, 11, 12, 12, 13, 14, 14, 16, 18].map((steps) => steps * STEP)
/** How far the clock of each process is ahead, and its window, in seconds. */
const PROCESSES = [
  { skew: 0, windowSeconds: 2 * STEP },
  { skew: STEP, windowSeconds: 4 * STEP },
  { skew: 0, windowSeconds: 3 * STEP },
] as const

/** The tables of the journal after a commit. */
interface Snapshot {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly state: readonly Readonly<Record<string, unknown>>[]
}

/** One process on the database. The world decides when its thread syncs. */
interface Process {
  readonly number: number
  readonly journal: Journal
  /** The last commit that the running sync covers. */
  syncing: number | null
  /** The descriptors that did not yet get the error of a failed sync. The system reports it once to each. */
  readonly unreported: Set<'thread' | 'connection'>
  events: ThreadEvents | null
  alive: boolean
}

/**
 * Processes on one database, run step by step, each with the journal of the library. Disk and power are
 * simulated. Each commit makes a new state of the database. A sync makes all states up to one durable. A
 * power cut goes back to the durable state or to any later one.
 *
 * The invariant: no nonce is accepted twice.
 */
export class JournalWorld {
  readonly events: string[] = []
  accepted = 0
  readonly #code: JournalCode
  readonly #random: Random
  readonly #troubles: Troubles
  readonly #handle: SqliteHandle
  readonly #db: Kysely<MacDatabase>
  readonly #nonces: readonly number[]
  /** How many nonces a process has memory for: all of them, or only some. */
  readonly #mostNonces: number
  readonly #times = new Map<number, number>()
  #processes: (Process | null)[] = PROCESSES.map(() => null)
  #history: Snapshot[]
  #durable = 0
  /** The first state that recovery does not reach, because a sync failed before it. */
  #hole = Number.POSITIVE_INFINITY
  #saved: Snapshot | null = null
  #now = 10 * STEP
  #doubtful: 'none' | 'done' | 'undone' = 'none'

  private constructor(
    code: JournalCode,
    random: Random,
    troubles: Troubles,
    { handle, db, empty }: JournalDatabase,
  ) {
    this.#code = code
    this.#random = random
    this.#troubles = troubles
    this.#handle = handle
    this.#db = db
    this.#put(empty)
    this.#history = [empty]
    this.#nonces = random.some(TIMESTAMPS.map((_, nonce) => nonce))
    this.#mostNonces = random.pick([TIMESTAMPS.length, TIMESTAMPS.length, 4, 2])
  }

  static async create(
    code: JournalCode,
    random: Random,
    troubles: Troubles,
    database: JournalDatabase,
  ): Promise<JournalWorld> {
    const world = new JournalWorld(code, random, troubles, database)
    for (const { number } of numbered()) await world.#open(number)
    return world
  }

  /** The nonce that was accepted twice, or `null`. */
  get violation(): string | null {
    for (const [nonce, times] of this.#times) {
      if (times > 1) return `nonce ${nonce} with timestamp ${TIMESTAMPS[nonce]}`
    }
    return null
  }

  /** Makes one random thing happen. */
  async step(): Promise<void> {
    const { disk, hands } = this.#troubles
    const number = this.#random.between(0, PROCESSES.length - 1)
    const dice = this.#random.between(0, 99)
    if (dice < 45) await this.#ask(number)
    else if (dice < 65) await this.#endSync(number)
    else if (dice < 74) this.#tick()
    else if (dice < 84) await this.#prune(number)
    else if (dice < 89) await this.#restart(number)
    else if (dice < 93) await this.#cutPower()
    else if (dice < 95 && disk) await this.#restartAll()
    else if (dice < 97 && hands) this.#restore()
    else if (dice < 98 && hands) await this.#restoreRemovedNonces(number)
    else if (hands) this.#deleteByHand()
    await turns()
  }

  async #open(number: number): Promise<void> {
    const own: Process = {
      ...{ number, syncing: null, unreported: new Set(), events: null, alive: true },
      journal: null as unknown as Journal,
    }
    let full = false
    const handle: SqliteHandle = {
      ...this.#handle,
      exec: (sql) => {
        if (sql.startsWith('pragma synchronous')) full = sql.endsWith('full')
      },
      all: (sql, parameters) => {
        if (!own.alive) throw new Error('this process was killed')
        if (sql.includes('wal_checkpoint')) return this.#checkpoint(own)
        if (sql !== 'commit') return this.#handle.all(sql, parameters)
        this.#commit(own, full)
        return []
      },
    }
    const nameInErrors = `process ${number}`
    const journal = new this.#code.Journal({
      language: 'sqlite',
      ...{ nameInErrors, path: null, label: nameInErrors, db: this.#db, check() {} },
      guarded: guard(nameInErrors),
      mostNonces: this.#mostNonces,
      keepSeconds: 300,
      settled: async () => {},
      ...{ timeout: null, lookUp: async () => [] },
      ...{ counters: new UsageCounters(), inTime: (work) => work },
      connection: new this.#code.SqliteConnection(handle),
      sync: (onFailedSync) => this.#sync(own, onFailedSync),
    })
    const opened = Object.assign(own, { journal })
    this.#processes[number] = opened
    try {
      await journal.open()
    } catch {
      this.#note(`p${number} cannot be opened`)
      own.alive = false
      this.#processes[number] = null
    }
  }

  /** Makes a slow disk, so that the thread syncs. Still, some commits sync at once. */
  #sync(own: Process, onFailedSync: (error: Error) => void): Syncing {
    const sync = new this.#code.LogSync((events) => this.#thread(own, events), onFailedSync)
    sync.took(SLOW)
    const mode = () => (this.#random.chance(0.2) ? 'at once' : sync.mode)
    return {
      get mode() {
        return mode()
      },
      took: (milliseconds) => sync.took(milliseconds),
      waited: (milliseconds) => sync.waited(milliseconds),
      wait: () => sync.wait(),
      close: () => sync.close(),
    }
  }

  #thread(own: Process, events: ThreadEvents): Thread {
    own.events = events
    events.message('ready')
    return {
      sync: () => {
        own.syncing = this.#history.length - 1
      },
      keepAlive() {},
      async end() {},
    }
  }

  #commit(own: Process, full: boolean): void {
    const doubtful = this.#doubtful
    this.#doubtful = 'none'
    const fails = full && (own.unreported.has('connection') || doubtful === 'undone')
    if (fails) this.#failSync(own, 'connection')
    if (fails || doubtful === 'undone') {
      this.#handle.all('rollback', [])
      throw new Error('disk I/O error')
    }
    this.#handle.all('commit', [])
    this.#changed()
    if (full) this.#synced(this.#history.length - 1)
    if (doubtful === 'done') throw new Error('disk I/O error')
  }

  #checkpoint(own: Process) {
    const others = this.#processes.some((each) => each !== null && each !== own && each.alive)
    if (others) return [{ busy: 1, log: 1, checkpointed: 0 }]
    // The whole write-ahead log, as the system has it in memory, is written into the file and synced.
    this.#hole = Number.POSITIVE_INFINITY
    this.#synced(this.#history.length - 1)
    return [{ busy: 0, log: 0, checkpointed: 0 }]
  }

  async #ask(number: number): Promise<void> {
    const process = this.#processes[number] ?? null
    if (process === null) return this.#open(number)
    const { skew, windowSeconds } = shapeOf(number)
    const asked = new Set<number>()
    for (let time = this.#random.between(1, 3); time > 0; time--) {
      const nonce = this.#random.pick(this.#nonces)
      const age = this.#now + skew - timestampOf(nonce)
      if (Math.abs(age) <= windowSeconds) asked.add(nonce)
    }
    if (asked.size === 0) return
    this.#doubt()
    this.#note(`p${number} is asked for ${[...asked]}, commit ${this.#doubtful}`)
    for (const nonce of asked) {
      process.journal
        .record({
          ...{ timestamp: timestampOf(nonce), credential: 'ada', keyNumber: 1 },
          ...{ nonce: `n${nonce}`, now: this.#now + skew },
        })
        .then(
          ({ verdict }) => {
            if (verdict === 'new' && process.alive) this.#accept(number, nonce)
          },
          () => {},
        )
    }
    await turns()
    this.#doubtful = 'none'
  }

  /** Sometimes makes the outcome of the next commit unknown. */
  #doubt(): void {
    if (!this.#troubles.disk || !this.#random.chance(0.1)) return
    this.#doubtful = this.#random.pick(['done', 'undone'])
  }

  #accept(number: number, nonce: number): void {
    this.#note(`p${number} accepts ${nonce}`)
    this.#times.set(nonce, (this.#times.get(nonce) ?? 0) + 1)
    this.accepted++
  }

  async #endSync(number: number): Promise<void> {
    const process = this.#processes[number] ?? null
    if (process === null || process.syncing === null) return
    const { syncing } = process
    process.syncing = null
    if (process.unreported.has('thread') || (this.#troubles.disk && this.#random.chance(0.1))) {
      this.#failSync(process, 'thread')
      process.events?.message({ error: 'EIO', milliseconds: 0 })
    } else {
      this.#synced(syncing)
      this.#note(`p${number} synced to ${syncing}, durable is ${this.#durable}`)
      process.events?.message({ error: null, milliseconds: SLOW })
    }
    await turns()
  }

  /** A failed sync leaves a hole in the write-ahead log. Each descriptor gets the error once, at its next sync. */
  #failSync(process: Process, descriptor: 'thread' | 'connection'): void {
    this.#note(`a sync of p${process.number} fails, in its ${descriptor}`)
    if (!process.unreported.has(descriptor)) {
      this.#hole = Math.min(this.#hole, this.#durable + 1)
      for (const each of this.#processes) each?.unreported.add('thread').add('connection')
    }
    process.unreported.delete(descriptor)
  }

  #synced(to: number): void {
    this.#durable = Math.max(this.#durable, Math.min(to, this.#hole - 1))
  }

  #tick(): void {
    this.#now += this.#random.chance(0.2) ? -STEP : STEP
    this.#note(`the clock says ${this.#now}`)
  }

  async #prune(number: number): Promise<void> {
    const process = this.#processes[number] ?? null
    if (process === null) return
    const { skew, windowSeconds } = shapeOf(number)
    const limit = this.#random.between(1, 4)
    this.#doubt()
    const doubtful = this.#doubtful
    const removed = await process.journal
      .prune(this.#now + skew, windowSeconds, limit)
      .catch(() => 0)
    this.#doubtful = 'none'
    if (doubtful !== 'none') this.#note(`p${number} removes some, commit ${doubtful}`)
    if (removed > 0) this.#note(`p${number} removes ${removed}`)
  }

  #kill(number: number): void {
    const process = this.#processes[number] ?? null
    if (process !== null) process.alive = false
    this.#processes[number] = null
  }

  async #restart(number: number): Promise<void> {
    this.#note(`p${number} is killed and started`)
    this.#kill(number)
    await this.#open(number)
  }

  async #restartAll(): Promise<void> {
    this.#note('all are killed and started')
    for (const { number } of numbered()) this.#kill(number)
    for (const { number } of numbered()) await this.#open(number)
  }

  async #cutPower(): Promise<void> {
    const last = Math.min(this.#history.length, this.#hole) - 1
    const left = this.#random.between(this.#durable, Math.max(this.#durable, last))
    this.#note(`the power fails: state ${left} of ${this.#history.length - 1} is left`)
    for (const { number } of numbered()) this.#kill(number)
    const state = this.#history[left]
    if (state !== undefined) this.#put(state)
    this.#history = [this.#snapshot()]
    this.#durable = 0
    this.#hole = Number.POSITIVE_INFINITY
    for (const { number } of numbered()) await this.#open(number)
  }

  #restore(): void {
    if (this.#saved === null || this.#random.chance(0.3)) {
      this.#saved = this.#snapshot()
      this.#note('a backup is made')
      return
    }
    // After a failed sync all processes must be stopped first. A backup does not contain that mark.
    if (this.#hole < Number.POSITIVE_INFINITY) return
    this.#restoreSaved(this.#saved)
  }

  #restoreSaved(saved: Snapshot): void {
    this.#note('the backup is restored in place')
    this.#put(saved)
    this.#changed()
    this.#forgive()
  }

  /** Starts a process after nonces were removed, and restores them then: the process has not read them. */
  async #restoreRemovedNonces(number: number): Promise<void> {
    this.#saved = this.#snapshot()
    this.#note('a backup is made')
    for (const other of numbered()) await this.#prune(other.number)
    await this.#restart(number)
    if (this.#hole === Number.POSITIVE_INFINITY) this.#restoreSaved(this.#saved)
    // Back to a time when they were inside the windows.
    this.#now -= this.#random.between(0, 4) * STEP
    this.#note(`the clock says ${this.#now}`)
  }

  #deleteByHand(): void {
    const { rows } = this.#snapshot()
    if (rows.length < 2) return
    const [some, others] = [this.#random.pick(rows), this.#random.pick(rows)]
    const seqs = [Number(some.seq), Number(others.seq)].sort((one, other) => one - other)
    const newest = Number(rows.at(-1)?.seq)
    const [from = 0, to = 0] = this.#random.chance(0.5) ? [seqs[0], newest] : seqs
    this.#note(`rows from ${from} to ${to} are deleted by hand`)
    this.#handle.all('delete from mac_nonce_log where seq between ? and ?', [from, to])
    // A process that starts now reads the newest row. If an earlier backup then restores the other rows, it
    // does not notice. So this must not be done while processes run.
    if (to < newest) this.#saved = null
    this.#changed()
    this.#forgive()
  }

  /**
   * Nonces that a person deleted may be accepted once more. So they count from zero again. A process that
   * still knows such a nonce may reject it.
   */
  #forgive(): void {
    const { rows, state } = this.#snapshot()
    const number = (name: string) => Number(state.find((each) => each.name === name)?.value)
    const kept = new Set<string>()
    for (const { latest, entries } of rows) {
      for (const { fingerprint } of entriesOf(Number(latest), entries)) {
        kept.add(`${fingerprint.high} ${fingerprint.low}`)
      }
    }
    for (const nonce of this.#times.keys()) {
      const timestamp = timestampOf(nonce)
      const { high, low } = fingerprintOf(number('nonce_salt'), timestamp, 'ada', `n${nonce}`)
      const isLost = !kept.has(`${high} ${low}`) && timestamp >= number('nonce_floor')
      if (isLost) this.#times.delete(nonce)
    }
    for (const process of this.#processes) {
      // A batch that waits for its sync was written before the deletion.
      if (process !== null && process.syncing !== null) this.#kill(process.number)
    }
  }

  #snapshot(): Snapshot {
    return snapshotOf(this.#handle)
  }

  #put({ rows, state }: Snapshot): void {
    this.#handle.all('delete from mac_nonce_log', [])
    this.#handle.all('delete from mac_state', [])
    for (const { seq, tag, latest, entries } of rows) {
      const values = [seq, tag, latest, entries]
      this.#handle.all('insert into mac_nonce_log values (?, ?, ?, ?)', values)
    }
    for (const { name, value } of state) {
      this.#handle.all('insert into mac_state values (?, ?)', [name, value])
    }
  }

  #changed(): void {
    this.#history.push(this.#snapshot())
  }

  #note(event: string): void {
    this.events.push(event)
  }
}

/** A database that all worlds use, one after the other. */
export interface JournalDatabase {
  readonly handle: SqliteHandle
  readonly db: Kysely<MacDatabase>
  readonly empty: Snapshot
}

export async function openJournalDatabase(): Promise<JournalDatabase> {
  const handle = await openSqlite(':memory:', 'own')
  const db = new Kysely<MacDatabase>({ dialect: handle.dialect })
  await migrate(db)
  return { handle, db, empty: snapshotOf(handle) }
}

function snapshotOf(handle: SqliteHandle): Snapshot {
  return {
    rows: handle.all('select * from mac_nonce_log order by seq', []),
    state: handle.all('select * from mac_state', []),
  }
}

function* numbered(): Iterable<{ readonly number: number }> {
  for (const number of PROCESSES.keys()) yield { number }
}

function shapeOf(number: number): (typeof PROCESSES)[number] {
  return PROCESSES[number] as (typeof PROCESSES)[number]
}

function timestampOf(nonce: number): number {
  return TIMESTAMPS[nonce] as number
}

/** Waits until pending callbacks have run. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await setImmediate()
}
