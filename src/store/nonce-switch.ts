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

/** Completes the move to Redis. Call it in a transaction, after Redis has its floor. */
export function* enterRedis(db: Kysely<MacDatabase>): Coroutine<void> {
  const place = present('halted', stateOf(yield allState(db)).get('halted'))
  if (isInRedis(place)) yield setState(db, 'halted', PLACE.redis)
}

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
  const floor = Math.max(now + ahead + 1, present('nonce_floor', state.get('nonce_floor')))
  yield raiseState(db, 'nonce_floor', floor)
  yield setState(db, 'halted', PLACE.database)
  return floor
}

/** Returns the version of the credentials, and the place of the nonces, from a row of {@link readPlace}. */
export function placeOf(row: Row | undefined): { version: number; place: number } {
  return {
    version: present('credentials_mark', row?.version),
    place: present('halted', row?.place),
  }
}

/** The query for {@link placeOf}. */
export function readPlace({ db, language }: Pick<OpenDatabase, 'db' | 'language'>): CompiledQuery {
  // A standby must not answer: a revocation may not have arrived there.
  const standby = language === 'postgres' ? sql`pg_is_in_recovery()::int` : sql`0`
  return sql`select ${standby} as standby,
    (select value from mac_state where name = ${sql.lit('credentials_mark')}) as version,
    (select value from mac_state where name = ${sql.lit('halted')}) as place`.compile(db)
}
