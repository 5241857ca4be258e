import { type Kysely, sql } from 'kysely'
import type { Coroutine } from './connection.ts'
import { ENTRY_BYTES, newTag } from './journal-entries.ts'
import { allState, type MacDatabase, type Row, raiseState, setState, stateOf } from './schema.ts'

/** How many nonces were removed, and the floor: requests with an earlier timestamp are rejected. */
export interface Removed {
  readonly removed: number
  readonly floor: number
}

/**
 * Removes the first rows of the journal that no process needs any more, and raises the floor above their
 * latest timestamp: see `NonceStore.prune`. It stops at the first row that is still needed, and keeps all
 * rows after it.
 *
 * The journal always keeps at least one row, so that processes know how far they have read. If the newest
 * row is removed too, an empty row is added.
 *
 * @param db Compiles the statements. It does *not* run them.
 * @param limit It stops after the row with which so many nonces were removed.
 */
export function* cleanUpNonces(
  db: Kysely<MacDatabase>,
  now: number,
  keepSeconds: number,
  limit: number,
): Coroutine<Removed> {
  const earliest = now - (yield* agreedKeepSeconds(db, now, keepSeconds))
  const rows = yield sql`select seq, latest, length(entries) as bytes,
    seq = (select max(seq) from mac_nonce_log) as newest
    from mac_nonce_log order by seq limit ${limit + 1}`.compile(db)
  let removed = 0
  let floor = 0
  let last: Row | null = null
  for (const row of rows) {
    const { latest, bytes } = row
    if (removed >= limit || Number(latest) >= earliest) break
    removed += Number(bytes) / ENTRY_BYTES
    floor = Math.max(floor, Number(latest) + 1)
    last = row
  }
  if (last === null || removed === 0) return { removed: 0, floor: 0 }
  const seq = Number(last.seq)
  if (Number(last.newest) === 1) {
    const empty = { seq: seq + 1, tag: newTag(), latest: 0, entries: new Uint8Array() }
    yield db.insertInto('mac_nonce_log').values(empty).compile()
  }
  yield raiseState(db, 'nonce_floor', floor)
  yield db.deleteFrom('mac_nonce_log').where('seq', '<=', seq).compile()
  return { removed, floor }
}

/**
 * Returns how long nonces are kept: the longest time that any process on this database needs. The process
 * that needs the longest confirms its time here again and again. If it has not done so for that time, it no
 * longer counts. If it comes back later, the floor makes it reject timestamps whose nonces are gone.
 */
export function* agreedKeepSeconds(
  db: Kysely<MacDatabase>,
  now: number,
  mine: number,
): Coroutine<number> {
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
