import { setImmediate, setTimeout } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { MacError } from '../errors.ts'
import type { Resealed, ResealOptions, ResealProgress } from '../types.ts'
import { type KeyRow, keyPlace, oldKeyPlace, openKey, openOldKey } from './credential-row.ts'
import type { Guard } from './guard.ts'
import { immediately } from './immediately.ts'
import type { MacDatabase } from './schema.ts'
import type { KeySealer } from './sealing/sealer.ts'
import { isBusy } from './store-failure.ts'

/** What `reseal` works with. */
export interface ResealParts {
  readonly db: Kysely<MacDatabase>
  readonly sealer: KeySealer
  readonly guarded: Guard
  /** The same, for what may take its time. */
  readonly patient: Guard
  /** Whether the file is rewritten if the options do not say. */
  readonly vacuum: boolean
}

/**
 * Brings all keys under the current sealing key: see `Mac.reseal`. Those that are said to be under it
 * already are left unread.
 */
export async function reseal(
  { db, sealer, guarded, patient, vacuum: usually }: ResealParts,
  { onProgress = () => {}, vacuum = usually }: ResealOptions,
): Promise<Resealed> {
  const { current } = sealer
  if (current === null) {
    throw new TypeError(
      'withmac: reseal needs a sealing key: set MAC_SEALING_KEY, or the option sealingKey. ' +
        'openssl rand -base64 32 makes one.',
    )
  }
  const rows = await sealAll(db, guarded, { ...sealer, current }, onProgress)
  if (vacuum) await patient(() => sql`vacuum`.execute(db))
  const logEmptied = await patient(() => emptyLog(db))
  return Object.freeze({ sealedBy: current, ...rows, logEmptied })
}

/** How many credentials are sealed in one transaction: it takes some milliseconds. */
const BATCH = 100
/** How many rounds may find something to do. Each is shorter than the one before, as a rule. */
const MOST_ROUNDS = 10

type CurrentSealer = KeySealer & { readonly current: string }

/**
 * Seals credential by credential in the order of their identifiers. What has been done stays done, so the
 * work may end at any moment and begin again. What servers write meanwhile by another sealing key, or by
 * none, is left to the next round: after one with nothing to do, all is done.
 *
 * @throws {@link MacError} `ERR_MAC_SEALED` if another reseal is at work, or servers add to the work
 *   without end.
 */
async function sealAll(
  db: Kysely<MacDatabase>,
  guarded: Guard,
  sealer: CurrentSealer,
  tell: (progress: ResealProgress) => void,
): Promise<Pick<Resealed, 'resealed' | 'unopened'>> {
  const { current } = sealer
  const unopened = new Set<string>()
  let [resealed, looked] = [0, 0]
  let lease = NO_LEASE
  try {
    const count = sql<{ total: number }>`select count(*) as total from mac_credentials
      where ${undone(current)}`
    const total = Number((await guarded(() => count.execute(db))).rows[0]?.total)
    for (let round = 0; ; round++) {
      const before = resealed
      for (let after: string | null = null; ; ) {
        const batch = await guarded(() => sealBatch(db, sealer, lease, after))
        const { rows, sealed } = batch
        lease = batch.lease
        const last = rows.at(-1)
        if (last === undefined) break
        const [first] = sealed
        if (round === MOST_ROUNDS && first !== undefined) throw addedWithoutEnd(first, current)
        after = last.id
        resealed += sealed.length
        looked += rows.length
        for (const row of rows) if (!sealed.includes(row)) unopened.add(row.id)
        tell({ done: Math.min(looked, total), total })
        // Requests come first.
        await setImmediate()
      }
      if (resealed > before) continue
      tell({ done: total, total })
      return { resealed, unopened: [...unopened] }
    }
  } finally {
    // If this fails, the lease ends by itself.
    await guarded(() => endLease(db, lease)).catch(() => {})
  }
}

function addedWithoutEnd({ key_sealed_by, old_sealed_by }: KeyRow, current: string): MacError {
  const by = key_sealed_by === current ? old_sealed_by : key_sealed_by
  const how = by === null ? 'write keys that are not sealed' : `seal by the sealing key ${by}`
  return new MacError(
    'ERR_MAC_SEALED',
    `All keys were brought under the sealing key ${current}, ${MOST_ROUNDS} times over, and again there are ` +
      `others: servers still ${how}. Give all of them ${current} as the first sealing key, then run reseal ` +
      'again.',
  )
}

/** The condition that a credential has a key which is not sealed by that sealing key. */
function undone(current: string) {
  return sql`(key_sealed_by is not ${current} or
    (old_key is not null and old_sealed_by is not ${current}))`
}

/** What came of a batch: the credentials as they were, and those of them that were sealed. */
interface Batch {
  readonly rows: readonly KeyRow[]
  readonly sealed: readonly KeyRow[]
  readonly lease: number
}

/** Seals the next credentials after one, in one transaction. */
function sealBatch(
  db: Kysely<MacDatabase>,
  sealer: CurrentSealer,
  held: number,
  after: string | null,
): Promise<Batch> {
  return immediately(db, (locked) =>
    securely(locked, async () => {
      const lease = await leased(locked, held)
      const { rows } = await sql<KeyRow>`select id, algorithm, key, key_sealed_by, key_number,
        old_key, old_algorithm, old_sealed_by from mac_credentials
        where ${undone(sealer.current)} and ${after === null ? sql`true` : sql`id > ${after}`}
        order by id limit ${BATCH}`.execute(locked)
      const sealed: KeyRow[] = []
      for (const row of rows) {
        const columns = sealedAnew(row, sealer)
        if (columns === null) continue
        await locked.updateTable('mac_credentials').set(columns).where('id', '=', row.id).execute()
        sealed.push(row)
      }
      return { rows, sealed, lease }
    }),
  )
}

/** The columns of keys under the current sealing key; `null` if they cannot be opened. */
function sealedAnew(row: KeyRow, sealer: KeySealer) {
  try {
    const key = sealer.seal(openKey(row, sealer), keyPlace(row))
    const opened = openOldKey(row, sealer)
    const old = opened === null ? null : sealer.seal(opened, oldKeyPlace(row))
    const columns = { key: key.text, key_sealed_by: key.by }
    return { ...columns, old_key: old?.text ?? null, old_sealed_by: old?.by ?? null }
  } catch {
    return null
  }
}

/** How long a lease holds without being renewed, in milliseconds: a batch takes a few. */
const TERM = 10_000
const NO_LEASE = 0

/**
 * Takes or renews the lease on sealing anew, which one process has at a time: two with different sealing
 * keys would undo each other's work without end. It is a row of `mac_state`, the moment until which it
 * holds. A process that was killed does not renew it, and so makes room for the next.
 *
 * @param held What this process has written there last, if it has.
 * @returns What stands there now.
 * @throws {@link MacError} `ERR_MAC_SEALED` if another has it.
 */
async function leased(locked: Kysely<MacDatabase>, held: number): Promise<number> {
  const now = Date.now()
  const lease = locked.selectFrom('mac_state').select('value').where('name', '=', 'resealing')
  const until = Number((await lease.executeTakeFirst())?.value ?? NO_LEASE)
  // One beyond that was written by a clock that was ahead.
  const isOver = until <= now || until > now + TERM
  if (held === NO_LEASE ? !isOver : until !== held) {
    throw new MacError(
      'ERR_MAC_SEALED',
      'Another reseal is at work on this database, or was killed in the last ten seconds. What was sealed ' +
        'stays sealed. Wait until it has ended, then run reseal again, with the same first sealing key on ' +
        'all machines.',
    )
  }
  await sql`replace into mac_state (name, value) values ('resealing', ${now + TERM})`.execute(
    locked,
  )
  return now + TERM
}

async function endLease(db: Kysely<MacDatabase>, held: number): Promise<void> {
  await db
    .deleteFrom('mac_state')
    .where('name', '=', 'resealing')
    .where('value', '=', held)
    .execute()
}

/**
 * Lets SQLite overwrite with zeros what is replaced, while some work is done: otherwise the bytes of a key
 * stay in the file until something else takes their place. A connection of ours does so at all times; one
 * of a caller's is left as it was.
 */
async function securely<Result>(
  db: Kysely<MacDatabase>,
  work: () => Promise<Result>,
): Promise<Result> {
  const { rows } = await sql<{ secure_delete: number }>`pragma secure_delete`.execute(db)
  const before = (['off', 'on', 'fast'] as const)[Number(rows[0]?.secure_delete ?? 0)]
  const set = (value = 'off') => sql`pragma secure_delete = ${sql.raw(value)}`.execute(db)
  await set('on')
  try {
    return await work()
  } finally {
    await set(before)
  }
}

/** For how long it is tried to empty the log, in milliseconds, and how long the pauses are. */
const PATIENCE = 5000
const PAUSE = 20

/**
 * Brings all of the write-ahead log into the main file, and empties it: what was overwritten in the file
 * still stands in the log, from before. That takes a moment in which nobody else reads or writes.
 *
 * @returns Whether it was done; `true` as well if there is no such log.
 */
export async function emptyLog(
  db: Kysely<MacDatabase>,
  patience: number = PATIENCE,
): Promise<boolean> {
  const checkpoint = sql<{ busy: number }>`pragma wal_checkpoint(truncate)`
  for (const start = performance.now(); ; ) {
    try {
      const { rows } = await checkpoint.execute(db)
      if (Number(rows[0]?.busy ?? 0) === 0) return true
    } catch (error) {
      if (!isBusy(error)) throw error
    }
    if (performance.now() - start >= patience) return false
    await setTimeout(PAUSE * Math.random())
  }
}
