import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { Coroutine } from './connection.ts'
import {
  allState,
  type MacDatabase,
  present,
  type Row,
  raiseState,
  setState,
  stateOf,
} from './schema.ts'
import { sha256 } from './sha256.ts'
import type { OpenDatabase } from './store-parts.ts'

/**
 * Where the nonces of a database are kept: the values of `halted` in `mac_state`. All servers read it with each
 * batch, and a server that keeps nonces elsewhere rejects its requests: otherwise it would not know the nonces
 * that others have recorded.
 *
 * A server moves them when its first request comes, not when it is opened: a command that creates a credential
 * needs no nonces. The first two values beyond {@link PLACE.redis} are for a move to Redis that is not complete.
 */
export const PLACE: Readonly<
  Record<'database' | 'halted' | 'redis' | 'firstInRedis' | 'movingToRedis', number>
> = {
  database: 0,
  /** In the database, but a sync of SQLite's write-ahead log failed. */
  halted: 1,
  redis: 2,
  /** On the way to Redis. The database has never had a nonce. */
  firstInRedis: 3,
  /** On the way to Redis, which does not know the nonces in the database. */
  movingToRedis: 4,
}

/** Whether nonces are kept in Redis, or on the way there. */
export function isInRedis(place: number): boolean {
  return place >= PLACE.redis
}

/** For a server that keeps nonces in the database. */
export const IN_REDIS: string =
  'another server keeps its nonces in Redis. All servers on a database need the same option nonces, or the same ' +
  'MAC_NONCES_URL: correct it, and restart this server.'

/** For a server that keeps nonces in Redis. */
export const IN_DATABASE: string =
  'another server keeps nonces in the database itself, or is moving them. All servers on a database need the same ' +
  'option nonces, or the same MAC_NONCES_URL: correct it, and restart this server.'

/**
 * Begins to move the nonces to Redis: no server records nonces in the database from then on. Call it in a
 * transaction.
 *
 * @returns The place afterwards.
 */
export function* leaveDatabase({
  db,
  language,
}: Pick<OpenDatabase, 'db' | 'language'>): Coroutine<number> {
  const isPostgres = language === 'postgres'
  // It waits for the end of all transactions that record nonces, and of others that move them.
  if (isPostgres) yield sql`lock table mac_nonces in share row exclusive mode`.compile(db)
  const state = stateOf(yield allState(db))
  const place = present('halted', state.get('halted'))
  if (isInRedis(place)) return place
  // The journal always has a row, which may be empty.
  const some = isPostgres
    ? sql`select 1 from mac_nonces limit 1`
    : sql`select 1 from mac_nonce_log where length(entries) > 0 limit 1`
  const nonces = yield some.compile(db)
  const isUnused = nonces.length === 0 && present('nonce_floor', state.get('nonce_floor')) === 0
  const next = isUnused && place === PLACE.database ? PLACE.firstInRedis : PLACE.movingToRedis
  yield setState(db, 'halted', next)
  return next
}

/** For a server that keeps nonces in another Redis than the one to which they were moved last. */
export const IN_ANOTHER_REDIS: string =
  'another server keeps its nonces in another Redis, in another database of it (as /1 in the URL), or under another ' +
  'nonceKeyPrefix. All servers on a database need the same: correct it, and restart this server.'

/**
 * Begins to move the nonces from another Redis to this one: no server accepts a nonce from then on, until
 * {@link enterRedis}. Call it in a transaction.
 */
export function* leaveOtherRedis(db: Kysely<MacDatabase>): Coroutine<void> {
  const place = present('halted', stateOf(yield allState(db)).get('halted'))
  if (isInRedis(place)) yield setState(db, 'halted', PLACE.movingToRedis)
}

/**
 * Completes the move to Redis. Call it in a transaction, after Redis has its floor.
 * @param home The number of this Redis: see {@link homeOf}.
 */
export function* enterRedis(db: Kysely<MacDatabase>, home: number): Coroutine<void> {
  const place = present('halted', stateOf(yield allState(db)).get('halted'))
  if (!isInRedis(place)) return
  yield db
    .insertInto('mac_state')
    .values({ name: 'nonce_home', value: home })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: home }))
    .compile()
  yield setState(db, 'halted', PLACE.redis)
}

/** Returns the number by which the database knows a Redis: 48 bits of a hash of its salt, which is random. */
export function homeOf(salt: string): number {
  return sha256(salt).readUIntBE(0, 6)
}

/**
 * For how long after a move a request may still be accepted in the old place, in seconds: a server reads where the
 * nonces are while it records. It is the maximum of `storeTimeoutSeconds`.
 */
export const MOVING_SECONDS = 60

/**
 * Moves the nonces from Redis to the database, which does not know them: raises the floor above all of them. Call
 * it in a transaction, when this server has recorded no nonce yet.
 *
 * @returns The floor, or 0 if the nonces are in the database.
 */
export function* leaveRedis(
  db: Kysely<MacDatabase>,
  now: number,
  keepSeconds: number,
): Coroutine<number> {
  const state = stateOf(yield allState(db))
  if (!isInRedis(present('halted', state.get('halted')))) return 0
  const ahead = Math.max(keepSeconds, state.get('keep_seconds') ?? 0)
  const floor = Math.max(
    now + MOVING_SECONDS + ahead + 1,
    present('nonce_floor', state.get('nonce_floor')),
  )
  yield raiseState(db, 'nonce_floor', floor)
  yield setState(db, 'halted', PLACE.database)
  return floor
}

/** What a server that keeps nonces in Redis reads with each batch. */
export interface NoncePlace {
  /** The version of the credentials. */
  readonly version: number
  readonly place: number
  /** The Redis to which the nonces were moved last; `null` if they never were. */
  readonly home: number | null
}

/** Reads a row of {@link readPlace}. */
export function placeOf(row: Row | undefined): NoncePlace {
  const home = row?.home ?? null
  return {
    version: present('credentials_mark', row?.version),
    place: present('halted', row?.place),
    home: home === null ? null : Number(home),
  }
}

/** The query for {@link placeOf}. */
export function readPlace({ db, language }: Pick<OpenDatabase, 'db' | 'language'>): CompiledQuery {
  // A standby must not answer: a revocation may not have arrived there.
  const standby = language === 'postgres' ? sql`pg_is_in_recovery()::int` : sql`0`
  return sql`select ${standby} as standby,
    (select value from mac_state where name = ${sql.lit('credentials_mark')}) as version,
    (select value from mac_state where name = ${sql.lit('halted')}) as place,
    (select value from mac_state where name = ${sql.lit('nonce_home')}) as home`.compile(db)
}
