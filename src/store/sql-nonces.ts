import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { Guard } from './guard.ts'
import { immediately } from './immediately.ts'
import type { MacDatabase } from './schema.ts'
import type { NonceStore, NonceVerdict } from './store.ts'

/** Nonces over Kysely. */
export class SqlNonces implements NonceStore {
  readonly #db: Kysely<MacDatabase>
  readonly #guard: Guard
  /** Compiled once: it runs for every request that is let in. */
  readonly #insert: CompiledQuery<{ floor: number }>

  constructor(db: Kysely<MacDatabase>, guard: Guard) {
    this.#db = db
    this.#guard = guard
    this.#insert = db
      .insertInto('mac_nonces')
      .values({ ts: 0, credential: '', nonce: '' })
      .onConflict((conflict) => conflict.doNothing())
      .returning(sql<number>`(select value from mac_state where name = 'nonce_floor')`.as('floor'))
      .compile()
  }

  async record(timestamp: number, credential: string, nonce: string): Promise<NonceVerdict> {
    const parameters = [timestamp, credential, nonce]
    const query: CompiledQuery<{ floor: number }> = { ...this.#insert, parameters }
    const { rows } = await this.#guard(() => this.#db.executeQuery(query))
    const [row] = rows
    if (row === undefined) return 'seen'
    return timestamp < Number(row.floor) ? 'forgotten' : 'new'
  }

  prune(now: number, keepSeconds: number, limit: number): Promise<number> {
    return this.#guard(() => immediately(this.#db, (db) => pruneSlice(db, now, keepSeconds, limit)))
  }
}

async function pruneSlice(
  db: Kysely<MacDatabase>,
  now: number,
  keepSeconds: number,
  limit: number,
): Promise<number> {
  const floor = now - (await agreedKeepSeconds(db, now, keepSeconds))
  const last = await lastOfSlice(db, floor, limit)
  if (last === null) return 0
  await db
    .updateTable('mac_state')
    .set({ value: Number(last.ts) + 1 })
    .where('name', '=', 'nonce_floor')
    .where('value', '<=', last.ts)
    .execute()
  const { numDeletedRows } = await db
    .deleteFrom('mac_nonces')
    .where(sql<boolean>`(ts, credential, nonce) <= (${last.ts}, ${last.credential}, ${last.nonce})`)
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}

/** The last nonce of the oldest `limit` below the floor, or `null` where there is none. */
async function lastOfSlice(db: Kysely<MacDatabase>, floor: number, limit: number) {
  const slice = db
    .selectFrom('mac_nonces')
    .select(['ts', 'credential', 'nonce'])
    .where('ts', '<', floor)
    .orderBy('ts')
    .orderBy('credential')
    .orderBy('nonce')
    .limit(limit)
    .as('slice')
  const last = await db
    .selectFrom(slice)
    .selectAll()
    .orderBy('ts', 'desc')
    .orderBy('credential', 'desc')
    .orderBy('nonce', 'desc')
    .limit(1)
    .executeTakeFirst()
  return last ?? null
}

/**
 * How long nonces are kept: the longest that any process on this database wants. One that wants
 * longer says so here again and again; once it was silent for as long as it wants nonces kept, it
 * no longer counts. Should it come back, the floor keeps it from taking a forgotten nonce for a new
 * one.
 */
async function agreedKeepSeconds(
  db: Kysely<MacDatabase>,
  now: number,
  mine: number,
): Promise<number> {
  const rows = await db.selectFrom('mac_state').selectAll().execute()
  const state = new Map(rows.map(({ name, value }) => [name, Number(value)]))
  const agreed = state.get('keep_seconds') ?? 0
  const confirmed = state.get('keep_confirmed') ?? 0
  if (mine < agreed && now - confirmed <= agreed && now >= confirmed) return agreed
  if (mine !== agreed || Math.abs(now - confirmed) > mine / 2) {
    await setState(db, 'keep_seconds', mine)
    await setState(db, 'keep_confirmed', now)
  }
  return mine
}

async function setState(db: Kysely<MacDatabase>, name: string, value: number): Promise<void> {
  await db.updateTable('mac_state').set({ value }).where('name', '=', name).execute()
}
