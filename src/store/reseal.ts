import { setImmediate, setTimeout } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { MacError } from '../errors.ts'
import type { Resealed, ResealOptions, ResealProgress } from '../types.ts'
import { type KeyRow, keyPlace, oldKeyPlace, openKey, openOldKey } from './credential-row.ts'
import type { Guard } from './guard.ts'
import { type MacDatabase, setState } from './schema.ts'
import type { KeySealer } from './sealing/sealer.ts'
import { type Language, SQL } from './sql-language.ts'
import { isBusy } from './store-failure.ts'

/** What `reseal` needs. */
export interface ResealParts {
  readonly db: Kysely<MacDatabase>
  readonly language: Language
  readonly sealer: KeySealer
  readonly guarded: Guard
  /** The same, without a deadline. */
  readonly patient: Guard
  /** The default of the option `vacuum`. */
  readonly vacuum: boolean
}

/**
 * Encrypts all keys with the current sealing key: see `Mac.reseal`. It does *not* open the keys of a
 * credential if all of them are marked as sealed by that key already.
 */
export async function reseal(
  { db, language, sealer, guarded, patient, vacuum: defaultVacuum }: ResealParts,
  { onProgress = () => {}, vacuum = defaultVacuum }: ResealOptions,
): Promise<Resealed> {
  const { current } = sealer
  if (current === null) {
    throw new TypeError(
      'withmac: reseal needs a sealing key: set MAC_SEALING_KEY, or the option sealingKey. ' +
        'To create one: openssl rand -base64 32',
    )
  }
  const rows = await sealAll({ db, language, guarded }, { ...sealer, current }, onProgress)
  if (vacuum) await patient(() => sql.raw(VACUUM[language]).execute(db))
  const logEmptied = language === 'sqlite' ? await patient(() => emptyWal(db)) : null
  return Object.freeze({ sealedBy: current, ...rows, logEmptied })
}

/** What rewrites the tables. In PostgreSQL, only the keys' table: others are not withmac's, or hold no keys. */
const VACUUM: Readonly<Record<Language, string>> = {
  sqlite: 'vacuum',
  postgres: 'vacuum full mac_credentials',
}

/** How many credentials are sealed in one transaction, which takes some milliseconds. */
const CREDENTIALS_AT_ONCE = 100
/** How many rounds may find keys to seal. Usually, each round finds fewer than the one before. */
const MOST_ROUNDS = 10

type CurrentSealer = KeySealer & { readonly current: string }

/**
 * Seals the keys of all credentials, in the order of their identifiers. Each batch is committed, so the work can stop at
 * any time and start again. Servers may meanwhile write keys with another sealing key, or with none. The next
 * round finds them; the work ends after a round that finds nothing.
 *
 * @throws {@link MacError} `ERR_MAC_SEALED` if another reseal is running, or servers write such keys again
 *   and again.
 */
async function sealAll(
  { db, language, guarded }: Pick<ResealParts, 'db' | 'language' | 'guarded'>,
  sealer: CurrentSealer,
  report: (progress: ResealProgress) => void,
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
        const batch = await guarded(() => sealBatch(db, language, sealer, lease, after))
        const { rows, sealed } = batch
        lease = batch.lease
        const last = rows.at(-1)
        if (last === undefined) break
        const [first] = sealed
        if (round === MOST_ROUNDS && first !== undefined) throw notSettling(first, current)
        after = last.id
        resealed += sealed.length
        looked += rows.length
        for (const row of rows) if (!sealed.includes(row)) unopened.add(row.id)
        report({ done: Math.min(looked, total), total })
        // Lets requests run between two batches.
        await setImmediate()
      }
      if (resealed > before) continue
      report({ done: total, total })
      return { resealed, unopened: [...unopened] }
    }
  } finally {
    // If this fails, the lease expires by itself.
    await guarded(() => endLease(db, lease)).catch(() => {})
  }
}

/** The error for servers that write keys with another sealing key in each round. */
function notSettling({ key_sealed_by, old_sealed_by }: KeyRow, current: string): MacError {
  const by = key_sealed_by === current ? old_sealed_by : key_sealed_by
  const how =
    by === null ? 'write keys that are not sealed' : `seal keys with the sealing key ${by}`
  return new MacError(
    'ERR_MAC_SEALED',
    `reseal sealed all keys with the sealing key ${current} ${MOST_ROUNDS} times, and each time found new ` +
      `ones: servers still ${how}. Give all servers ${current} as their first sealing key, then run reseal ` +
      'again.',
  )
}

/** The SQL condition that a credential has a key which this sealing key did not seal. */
function undone(current: string) {
  return sql`(key_sealed_by is null or key_sealed_by <> ${current} or
    (old_key is not null and (old_sealed_by is null or old_sealed_by <> ${current})))`
}

/** The result of a batch: the rows as they were before, and those of them that were sealed. */
interface Batch {
  readonly rows: readonly KeyRow[]
  readonly sealed: readonly KeyRow[]
  readonly lease: number
}

/** Seals the next credentials after the identifier `after`, in one transaction. */
function sealBatch(
  db: Kysely<MacDatabase>,
  language: Language,
  sealer: CurrentSealer,
  held: number,
  after: string | null,
): Promise<Batch> {
  const { transaction, locksRows } = SQL[language]
  return transaction(db, (locked) =>
    securely(locked, language, async () => {
      const lease = await leased(locked, language, held)
      const { rows } = await sql<KeyRow>`select id, algorithm, key, key_sealed_by, key_number,
        old_key, old_algorithm, old_sealed_by from mac_credentials
        where ${undone(sealer.current)} and ${after === null ? sql`true` : sql`id > ${after}`}
        order by id limit ${CREDENTIALS_AT_ONCE}
        ${sql.raw(locksRows ? 'for update' : '')}`.execute(locked)
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

/**
 * Returns the columns of a credential's keys, sealed with the current sealing key; `null` if a key cannot
 * be opened.
 */
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

/** How long a lease is valid if it is not renewed. A batch takes a few milliseconds. */
const LEASE_MS = 10_000
const NO_LEASE = 0

/**
 * Takes or renews the lease of a reseal. Only one process at a time can have it: two processes with different sealing
 * keys would undo each other's work forever. The lease is a row of `mac_state` with the time of its end. If a
 * process is killed, it does not renew its lease, so another process can take it.
 *
 * @param held The value that this process wrote last, or `NO_LEASE`.
 * @returns The new value.
 * @throws {@link MacError} `ERR_MAC_SEALED` if another process has the lease.
 */
async function leased(
  locked: Kysely<MacDatabase>,
  language: Language,
  held: number,
): Promise<number> {
  const now = Date.now()
  // The row must exist, so that it can be locked.
  await sql`insert into mac_state (name, value) values ('resealing', ${NO_LEASE})
    on conflict (name) do nothing`.execute(locked)
  const lease = locked
    .selectFrom('mac_state')
    .select('value')
    .where('name', '=', 'resealing')
    .$if(SQL[language].locksRows, (rows) => rows.forUpdate())
  const until = Number((await lease.executeTakeFirst())?.value ?? NO_LEASE)
  // A later end was written by a clock that was ahead.
  const isOver = until <= now || until > now + LEASE_MS
  if (held === NO_LEASE ? !isOver : until !== held) {
    throw new MacError(
      'ERR_MAC_SEALED',
      'Another reseal is running on this database, or was killed in the last ten seconds. Keys that were ' +
        'sealed stay sealed. Wait until it has ended, then run reseal again, with the same first sealing key ' +
        'on all machines.',
    )
  }
  await locked.executeQuery(setState(locked, 'resealing', now + LEASE_MS))
  return now + LEASE_MS
}

async function endLease(db: Kysely<MacDatabase>, held: number): Promise<void> {
  await db
    .deleteFrom('mac_state')
    .where('name', '=', 'resealing')
    .where('value', '=', held)
    .execute()
}

/**
 * Runs work with SQLite's `secure_delete`, which overwrites replaced content with zeros. Otherwise the
 * bytes of a key stay in the file until something else is written there. Afterwards the setting is as
 * before: the caller's Kysely may not have it, but the connection for credentials that withmac opens has it.
 * PostgreSQL has no such setting: replaced rows stay until the table is vacuumed.
 */
async function securely<Result>(
  db: Kysely<MacDatabase>,
  language: Language,
  work: () => Promise<Result>,
): Promise<Result> {
  if (language !== 'sqlite') return work()
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

/** How long to try to empty the write-ahead log, and the longest pause between two tries. */
const EMPTY_WAL_MS = 5000
const LONGEST_PAUSE_MS = 20

/**
 * Writes the write-ahead log into the database file, and empties it: it may still contain keys in their
 * earlier form. This needs a moment in which no other connection reads or writes.
 *
 * @param milliseconds How long to try.
 * @returns Whether the write-ahead log is empty now. Also `true` if there is none.
 */
export async function emptyWal(
  db: Kysely<MacDatabase>,
  milliseconds: number = EMPTY_WAL_MS,
): Promise<boolean> {
  const checkpoint = sql<{ busy: number }>`pragma wal_checkpoint(truncate)`
  for (const start = performance.now(); ; ) {
    try {
      const { rows } = await checkpoint.execute(db)
      if (Number(rows[0]?.busy ?? 0) === 0) return true
    } catch (error) {
      if (!isBusy(error)) throw error
    }
    if (performance.now() - start >= milliseconds) return false
    await setTimeout(LONGEST_PAUSE_MS * Math.random())
  }
}
