import { type Kysely, sql } from 'kysely'
import type { Row, Steps } from './connection.ts'
import { ENTRY_BYTES, newTag } from './journal-entries.ts'
import type { MacDatabase } from './schema.ts'
import { allState, raiseState, setState, stateOf } from './state.ts'

/** How many nonces were removed, and below which timestamp none can be told apart any more. */
export interface Removed {
  readonly removed: number
  readonly floor: number
}

/**
 * Removes the first rows of the journal as long as nobody wants their nonces kept, and raises the floor
 * above the latest of them: see `NonceStore.prune`. A row that is still wanted keeps all after it.
 *
 * The journal is never left without a row, which would tell processes nothing of what they have read: if
 * the newest goes as well, an empty one takes its place.
 *
 * @param db Compiles the statements; it does not run them.
 * @param limit After how many nonces it ends, with the row that they are in.
 */
export function* removeExpired(
  db: Kysely<MacDatabase>,
  now: number,
  keepSeconds: number,
  limit: number,
): Steps<Removed> {
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
