import { type Kysely, sql } from 'kysely'
import { type Coroutine, onceMore } from '../connection.ts'
import { agreedKeepSeconds, type Removed } from '../nonce-expiry.ts'
import { IN_REDIS, isInRedis } from '../nonce-switch.ts'
import { type MacDatabase, present, type Row, raiseState } from '../schema.ts'
import { type HashedNonce, type SharedEngine, SharedNonces } from '../shared-nonces.ts'
import type { NonceEngine, StoreParts } from '../store-parts.ts'
import type { StoreSettings } from '../store-settings.ts'
import { type Recorded, SEEN } from '../types.ts'
import { isDuplicate, type PostgresConnection, type Statement } from './connect.ts'

/** A batch of 128 nonces takes the server about a millisecond. */
const LARGEST_BATCH = 128
/** How often the cleanup also looks for rows below the floor, in seconds. */
const SWEEP_INTERVAL_SECONDS = 3600
/** How long batches are inserted with {@link RECORD} after a copy was found, in milliseconds. */
const CAREFUL_MS = 10_000

/**
 * Inserts a batch of which all nonces are new. If one is not, it fails, and inserts nothing. It takes the server half
 * as long as {@link RECORD}, which looks up each key first, and logs each row twice.
 *
 * The function is called after the insert: a floor that was read by the statement itself could be from before a
 * cleanup that has removed a copy meanwhile.
 */
const RECORD_NEW: Statement = {
  name: 'mac_record_new',
  text: `with ins as (
      insert into mac_nonces select * from unnest($1::text::bigint[], $2::text::uuid[])
      returning 1),
    got as (select count(*) as added from ins)
    select added::text as added, mac_told()::text as told from got`,
}

/** Inserts the nonces of a batch that are new, and returns their ids. */
const RECORD: Statement = {
  name: 'mac_record',
  text: `with ins as (
      insert into mac_nonces select * from unnest($1::text::bigint[], $2::text::uuid[])
      on conflict do nothing returning id),
    got as (select coalesce(array_agg(id), '{}') as ids from ins)
    select ids::text as ids, mac_told()::text as told from got`,
}
const TELL: Statement = { name: 'mac_told', text: 'select mac_told()::text as told' }
const REVIVE: Statement = {
  name: 'mac_revive',
  text: 'select mac_revive($1::text::bigint)::text as told',
}
const OPEN: Statement = {
  name: 'mac_open_nonces',
  text: 'select mac_open_nonces($1::text::bigint)::text as told',
}

const LEAVE_REDIS: Statement = {
  name: 'mac_leave_redis',
  text: 'select mac_leave_redis()::text as told',
}

/** What the server tells with each batch: see `mac_told`. */
interface Told {
  readonly floor: number
  readonly version: number
  /** Whether no nonce was lost. */
  readonly isWhole: boolean
  /** The server's clock, in seconds since 1970. */
  readonly now: number
  readonly aheadSeconds: number
  /** Where nonces are kept: see `PLACE`. */
  readonly place: number
}

/** Opens the store of nonces in PostgreSQL. Its tables must exist. */
export async function openPostgresNonces(
  connection: PostgresConnection,
  parts: StoreParts,
  settings: Pick<StoreSettings, 'keepSeconds' | 'timeoutSeconds'>,
): Promise<NonceEngine> {
  const engine = new PostgresNonces(connection, parts)
  await parts.guarded(() => engine.open(settings.keepSeconds))
  return new SharedNonces(engine, parts, settings.timeoutSeconds)
}

/** The table `mac_nonces`: a row for each nonce. */
class PostgresNonces implements SharedEngine {
  readonly nameInErrors: string
  readonly label: string
  readonly largestBatch: number = LARGEST_BATCH
  readonly #connection: PostgresConnection
  readonly #parts: StoreParts
  /** The highest floor that this process has read. A restore may bring an older one back, which does not count. */
  #floor = 0
  /** How far ahead of its own clock this process accepts timestamps, in seconds. */
  #ahead = 0
  /** Whether this process has recorded a batch. Until then it may move the nonces here. */
  #hasRecorded = false
  /** Until when a copy of a nonce is expected, by `performance.now()`. */
  #carefulUntil = 0
  /** When the cleanup last looked for rows below the floor. */
  #sweptAt = Number.NEGATIVE_INFINITY

  constructor(connection: PostgresConnection, parts: StoreParts) {
    this.nameInErrors = parts.nameInErrors
    this.label = parts.label
    this.#connection = connection
    this.#parts = parts
  }

  /** @param aheadSeconds How far ahead of the clock of this process a timestamp may be. */
  async open(aheadSeconds: number): Promise<void> {
    this.#ahead = aheadSeconds
    const [row] = await this.#run(OPEN, [String(aheadSeconds)])
    const told = this.#read(row)
    if (!isInRedis(told.place)) await this.#whole(told)
  }

  async record(batch: readonly HashedNonce[]): Promise<readonly Recorded[]> {
    if (!this.#hasRecorded) await this.#run(LEAVE_REDIS, [])
    // In the same order in each process: otherwise two batches with the same nonces could wait for each other.
    const sent = batch.filter(({ timestamp }) => timestamp >= this.#floor).sort(byKey)
    const [row] = await (sent.length === 0 ? this.#run(TELL, []) : this.#insert(sent))
    const told = this.#read(row)
    if (isInRedis(told.place)) throw new Error(IN_REDIS)
    const { version } = await this.#whole(told)
    this.#hasRecorded = true
    const floor = this.#floor
    // By the clock from before a loss: what is later than this is below the floor that follows from the loss.
    const ceiling = told.now + told.aheadSeconds
    const added = row?.added === String(sent.length) ? null : idsOf(row?.ids)
    return batch.map(({ timestamp, hash }) => {
      if (timestamp < floor) return { verdict: 'forgotten', version, floor }
      if (timestamp > ceiling) return { verdict: 'ahead', version, ceiling }
      return added === null || added.has(hash) ? { verdict: 'new', version } : SEEN
    })
  }

  async prune(now: number, keepSeconds: number, limit: number): Promise<number> {
    const { connection, db, guarded } = this.#parts
    const isSweep = !(Math.abs(now - this.#sweptAt) < SWEEP_INTERVAL_SECONDS)
    const work = () => cleanUp(db, { now, keepSeconds, limit, isSweep })
    const { removed, floor } = await guarded(async () => connection.transact(work, 'later'))
    if (isSweep && removed < limit) this.#sweptAt = now
    this.#floor = Math.max(this.#floor, floor)
    return removed
  }

  async close(): Promise<void> {}

  /**
   * Inserts nonces. Copies of what another process has recorded are rare, but they may come in a flood, and each
   * would let a batch fail. So after the first one, the next batches are ready for more.
   */
  async #insert(sent: readonly HashedNonce[]): Promise<readonly Row[]> {
    const values = [
      `{${sent.map(({ timestamp }) => timestamp).join()}}`,
      `{${sent.map(({ hash }) => hash).join()}}`,
    ]
    if (performance.now() >= this.#carefulUntil) {
      try {
        return await this.#run(RECORD_NEW, values)
      } catch (error) {
        if (!isDuplicate(error)) throw error
        this.#carefulUntil = performance.now() + CAREFUL_MS
      }
    }
    return this.#run(RECORD, values)
  }

  #run(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    return onceMore(() => this.#connection.run('nonces', statement, values))
  }

  /** If nonces may have been lost, raises the floor above them. Returns what the server tells then. */
  async #whole(told: Told): Promise<Told> {
    // This process has written a number that is at least its own.
    if (told.isWhole && told.aheadSeconds >= this.#ahead) return told
    const [row] = await this.#run(REVIVE, [String(this.#ahead)])
    const again = this.#read(row)
    if (!again.isWhole) throw new Error('its table mac_canary cannot be written.')
    return again
  }

  #read(row: Row | undefined): Told {
    const [floor, version, halted, canary, now, ahead] = String(row?.told ?? '')
      .slice(1, -1)
      .split(',')
      .map((value) => (value === 'NULL' || value === '' ? null : value))
    this.#floor = Math.max(this.#floor, present('nonce_floor', floor))
    return {
      floor: this.#floor,
      version: present('credentials_mark', version),
      isWhole: Number(canary) === 1,
      now: Number(now),
      aheadSeconds: present('ahead_seconds', ahead),
      place: present('halted', halted),
    }
  }
}

/** Orders nonces by timestamp, then by hash. */
function byKey(one: HashedNonce, other: HashedNonce): number {
  if (one.timestamp !== other.timestamp) return one.timestamp - other.timestamp
  return one.hash < other.hash ? -1 : 1
}

/** Returns the ids of an array as PostgreSQL writes it, in the form of our hashes. */
function idsOf(text: unknown): ReadonlySet<string> {
  return new Set(
    String(text ?? '{}')
      .slice(1, -1)
      .replaceAll('-', '')
      .split(','),
  )
}

/**
 * Removes the oldest nonces that no process needs any more, and raises the floor just above them, in one
 * transaction: see `NonceStore.prune`. It removes all nonces of a second, or none.
 *
 * A nonce may be inserted while a cleanup raises the floor above it. Its row stays, below the floor.
 *
 * @param isSweep Whether to remove such rows too. Otherwise it starts at the floor, which is faster.
 */
function* cleanUp(
  db: Kysely<MacDatabase>,
  {
    now,
    keepSeconds,
    limit,
    isSweep,
  }: {
    readonly now: number
    readonly keepSeconds: number
    readonly limit: number
    readonly isSweep: boolean
  },
): Coroutine<Removed> {
  // First the table, as TRUNCATE by hand does, so that the two cannot wait for each other.
  yield sql`lock table mac_nonces in row exclusive mode`.compile(db)
  // One cleanup at a time, for the same reason.
  const [state] = yield sql`select value from mac_state where name = 'nonce_floor'
    for update`.compile(db)
  const from = isSweep ? 0 : present('nonce_floor', state?.value)
  const earliest = now - (yield* agreedKeepSeconds(db, now, keepSeconds))
  const [oldest] = yield sql`select max(ts) as latest from (
    select ts from mac_nonces where ts >= ${from} and ts < ${earliest}
    order by ts limit ${limit}) as oldest`.compile(db)
  if (oldest?.latest === null || oldest === undefined) return { removed: 0, floor: 0 }
  const latest = Number(oldest.latest)
  yield raiseState(db, 'nonce_floor', latest + 1)
  const [gone] = yield sql`with gone as (
    delete from mac_nonces where ts >= ${from} and ts <= ${latest} returning 1)
    select count(*) as removed from gone`.compile(db)
  return { removed: Number(gone?.removed), floor: latest + 1 }
}
