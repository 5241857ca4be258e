import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { MacDatabase } from './schema.ts'
import { allState, raiseState, setState, stateOf } from './state.ts'
import type { Steps } from './steps.ts'

/**
 * Removes up to `limit` nonces that nobody wants kept, the oldest first, and raises the floor above
 * the last of them: see `NonceStore.prune`.
 *
 * @param db Compiles the statements; it does not run them.
 * @returns How many were removed.
 */
export function* removeExpired(
  db: Kysely<MacDatabase>,
  now: number,
  keepSeconds: number,
  limit: number,
): Steps<number> {
  const floor = now - (yield* agreedKeepSeconds(db, now, keepSeconds))
  const [last] = yield lastOfSlice(db, floor, limit)
  if (last === undefined) return 0
  const { ts, credential, nonce } = last
  yield raiseState(db, 'nonce_floor', Number(ts) + 1)
  yield db
    .deleteFrom('mac_nonces')
    .where(sql<boolean>`(ts, credential, nonce) <= (${ts}, ${credential}, ${nonce})`)
    .compile()
  const [removed] = yield sql`select changes() as count`.compile(db)
  return Number(removed?.count)
}

/** The last nonce of the oldest `limit` below the floor, or nothing where there is none. */
function lastOfSlice(db: Kysely<MacDatabase>, floor: number, limit: number): CompiledQuery {
  const slice = db
    .selectFrom('mac_nonces')
    .select(['ts', 'credential', 'nonce'])
    .where('ts', '<', floor)
    .orderBy('ts')
    .orderBy('credential')
    .orderBy('nonce')
    .limit(limit)
    .as('slice')
  return db
    .selectFrom(slice)
    .selectAll()
    .orderBy('ts', 'desc')
    .orderBy('credential', 'desc')
    .orderBy('nonce', 'desc')
    .limit(1)
    .compile()
}

/**
 * How long nonces are kept: the longest that any process on this database wants. One that wants
 * longer says so here again and again; once it was silent for as long as it wants nonces kept, it
 * no longer counts. Should it come back, the floor keeps it from taking a forgotten nonce for a new
 * one.
 */
function* agreedKeepSeconds(db: Kysely<MacDatabase>, now: number, mine: number): Steps<number> {
  const state = stateOf(yield allState(db))
  const agreed = state.get('keep_seconds') ?? 0
  const confirmed = state.get('keep_confirmed') ?? 0
  if (mine < agreed && now - confirmed <= agreed && now >= confirmed) return agreed
  if (mine !== agreed || Math.abs(now - confirmed) > mine / 2) {
    yield setState(db, 'keep_seconds', mine)
    yield setState(db, 'keep_confirmed', now)
  }
  return mine
}
