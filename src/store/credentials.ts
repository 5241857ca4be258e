import { type Insertable, type Kysely, sql, type Updateable } from 'kysely'
import { before } from '../deadline.ts'
import { publishRemoval } from '../diagnostics.ts'
import type { AuditAction } from '../types.ts'
import {
  type CredentialRow,
  editedColumns,
  fromRow,
  NO_OLD_KEY,
  newRow,
  openKey,
  toNumber,
  withKeys,
} from './credential-row.ts'
import { searchCredentials } from './credential-search.ts'
import { lateError } from './guard.ts'
import {
  findKeys,
  findWhole,
  type KeysRow,
  type LookUpStatement,
  lookUpOf,
  openFound,
  type VersionedRow,
} from './look-up.ts'
import { type MacDatabase, present } from './schema.ts'
import type { KeySealer } from './sealing/sealer.ts'
import { drawVersion, type Language, SQL } from './sql-language.ts'
import type { StoreParts } from './store-parts.ts'
import type {
  AuditFilter,
  AuditRow,
  CredentialSearch,
  CredentialStore,
  Deadline,
  Edit,
  KeylessCredential,
  KeyPair,
  LookUp,
  StoredCredential,
  Usage,
} from './types.ts'
import { forgetUsage, readUsage, UNUSED } from './usage/usage-table.ts'

/** How many credentials, and how many old keys, one transaction of the cleanup removes. */
const AT_ONCE = 256

/** The credential store, on Kysely. */
export class SqlCredentials implements CredentialStore {
  readonly #db: Kysely<MacDatabase>
  readonly #parts: StoreParts
  readonly #sealer: KeySealer
  /** Compiled once: they run for every signed request whose credential is not cached. */
  readonly #findKeys: LookUpStatement<KeysRow>
  readonly #find: LookUpStatement<VersionedRow>
  /** The person whose changes these are; `null` if code makes them. */
  #actor: string | null = null

  constructor(parts: StoreParts, sealer: KeySealer) {
    this.#db = parts.db
    this.#parts = parts
    this.#sealer = sealer
    this.#findKeys = findKeys(parts.db, sealer, parts.language)
    this.#find = findWhole(parts.db, parts.language)
  }

  as(actor: string): SqlCredentials {
    const same = new SqlCredentials(this.#parts, this.#sealer)
    same.#actor = actor
    return same
  }

  async lookUpKeys(id: string, deadline?: Deadline): Promise<KeyPair> {
    return openFound(await this.#lookUp(this.#findKeys, id, deadline), this.#sealer)
  }

  async lookUp(id: string, deadline?: Deadline): Promise<LookUp> {
    const row = await this.#lookUp(this.#find, id, deadline)
    const version = Number(row.version)
    if (row.id === null) return { credential: null, version }
    const credential = withKeys(row as CredentialRow, this.#sealer)
    const { keyNumber, rotated, oldKey } = credential
    if (oldKey !== null && rotated !== null) {
      this.#parts.counters.rotated(id, keyNumber - 1, rotated)
    }
    return { credential, version }
  }

  #lookUp<Row extends KeysRow | VersionedRow>(
    { name, query }: LookUpStatement<Row>,
    id: string,
    deadline: Deadline | undefined,
  ): Promise<Row> {
    const { guarded, lookUp } = this.#parts
    const looked = guarded(async () => {
      const [row] = await lookUp(name, lookUpOf(query, id))
      present('credentials_mark', row?.version)
      return row as Row
    })
    return this.#inTime(looked, deadline)
  }

  /** Waits for a store on another machine until the deadline of the request. */
  #inTime<Result>(work: Promise<Result>, deadline: Deadline | undefined): Promise<Result> {
    const { timeout, nameInErrors } = this.#parts
    if (timeout === null) return work
    const left = deadline === undefined ? timeout : deadline - performance.now()
    return before(left, work, () => lateError(nameInErrors))
  }

  async find(id: string): Promise<KeylessCredential | null> {
    const row = await this.#parts.guarded(() => rowOf(this.#db, id))
    return row === null ? null : fromRow(row)
  }

  async insert(credential: StoredCredential): Promise<boolean> {
    const { id, created: at } = credential
    const { language } = this.#parts
    return this.#changing(async (db) => {
      if (!(await insertNew(db, language, newRow(credential, this.#sealer)))) return false
      await forgetUsage(db, language, [id])
      this.#parts.counters.forget(id)
      // Credentials that remove themselves are many, so the history does not have their creation and removal.
      if (credential.removeAt === null) {
        await writeAudit(db, at, 'created', credential, {}, this.#actor)
      }
      return true
    })
  }

  async list(user: string | null): Promise<KeylessCredential[]> {
    const all = this.#db.selectFrom('mac_credentials').selectAll()
    // The "+" keeps SQLite from the index of the search: reading whole rows through it takes twice as long.
    const query =
      user === null ? all.orderBy(sql`+created`) : all.where('user', '=', user).orderBy('created')
    return (await this.#parts.guarded(() => query.orderBy('id').execute())).map(fromRow)
  }

  async edit(id: string, at: number, edit: Edit): Promise<KeylessCredential | null> {
    return this.#changing(async (db) => {
      const row = await this.#locked(db, id)
      if (row === null) return null
      const before = fromRow(row)
      const edited = edit(before, (text) => openKey(row, this.#sealer) === text)
      if (edited === null) return before
      const columns = editedColumns(row, edited, this.#sealer)
      await change(db, id, columns)
      await drawVersion(db, this.#parts.language)
      const actor = this.#actor
      await writeAudit(db, at, edited.action, before, edited.detail, actor)
      if (edited.key === undefined) return edited.credential
      // The keys that this rotation ended at once.
      const { oldKey, keyNumber } = before
      if (oldKey !== null) {
        await auditKeyEnd(db, at, before, keyNumber - 1, oldKey.until > at, actor)
      }
      if (edited.credential.oldKey === null) {
        await auditKeyEnd(db, at, before, keyNumber, true, actor)
      }
      return edited.credential
    })
  }

  async remove(id: string, at: number): Promise<boolean> {
    await this.#parts.settled()
    const { language, counters } = this.#parts
    return this.#changing(async (db) => {
      const row = await this.#locked(db, id)
      if (row === null) return false
      const { label, created, expires, revoked, disabled, scopes, keyNumber } = fromRow(row)
      const { used } = (await readUsage(db, at, [id], counters.failures)).get(id) ?? UNUSED
      const lastUsed = used.size === 0 ? null : Math.max(...used.values())
      await removeCredentials(db, language, [id])
      await drawVersion(db, language)
      const known = { label, created, expires, revoked, disabled, scopes, keyNumber, lastUsed }
      await writeAudit(db, at, 'deleted', row, known, this.#actor)
      return true
    })
  }

  async usage(now: number, id: string | null): Promise<ReadonlyMap<string, Usage>> {
    const { guarded, counters, settled } = this.#parts
    await settled()
    return guarded(() => readUsage(this.#db, now, id === null ? null : [id], counters.failures))
  }

  async usageOf(now: number, ids: readonly string[]): Promise<ReadonlyMap<string, Usage>> {
    const { guarded, counters, settled } = this.#parts
    await settled()
    return guarded(() => readUsage(this.#db, now, ids, counters.failures))
  }

  async search(search: CredentialSearch): Promise<KeylessCredential[]> {
    return this.#parts.guarded(() => searchCredentials(this.#db, this.#parts.language, search))
  }

  async history(filter: AuditFilter): Promise<AuditRow[]> {
    const { credential, user, action, actor, from, to, before, limit } = filter
    let query = this.#db.selectFrom('mac_audit').selectAll().orderBy('number', 'desc').limit(limit)
    if (credential !== null) query = query.where('credential', '=', credential)
    if (user !== null) query = query.where('user', '=', user)
    if (action !== null) query = query.where('action', '=', action)
    if (actor !== null) query = query.where('actor', '=', actor)
    if (from !== null) query = query.where('at', '>=', from)
    if (to !== null) query = query.where('at', '<=', to)
    if (before !== null) query = query.where('number', '<', before)
    return (await this.#parts.guarded(() => query.execute())).map((row) => ({
      ...row,
      number: Number(row.number),
      at: Number(row.at),
      action: row.action as AuditAction,
      detail: JSON.parse(row.detail) as AuditRow['detail'],
    }))
  }

  async cleanUp(now: number): Promise<number> {
    const due = sql`select 1 where
      exists (select 1 from mac_credentials where old_until <= ${now}) or
      exists (select 1 from mac_credentials where remove_at <= ${now})`
    const { rows } = await this.#parts.guarded(() => due.execute(this.#db))
    if (rows.length === 0) return 0
    const work = () => this.#changing((db) => cleanUpCredentials(db, this.#parts.language, now))
    return publishRemoval(this.#parts.label, 'credentials', work)
  }

  async learnClock(id: string, offset: number, deadline?: Deadline): Promise<number | null> {
    const learned = this.#changing(async (db) => {
      const row = await this.#locked(db, id)
      if (row === null || row.clock_offset !== null) return toNumber(row?.clock_offset ?? null)
      await change(db, id, { clock_offset: offset })
      return offset
    })
    return this.#inTime(learned, deadline)
  }

  async resetClock(id: string): Promise<boolean> {
    return this.#changing(async (db) => {
      if ((await this.#locked(db, id)) === null) return false
      await change(db, id, { clock_offset: null })
      return true
    })
  }

  #changing<Result>(work: (db: Kysely<MacDatabase>) => Promise<Result>): Promise<Result> {
    const { transaction } = SQL[this.#parts.language]
    return this.#parts.guarded(() => transaction(this.#db, work))
  }

  /** Returns the row of a credential, which no other transaction can change until this one ends. */
  #locked(db: Kysely<MacDatabase>, id: string): Promise<CredentialRow | null> {
    return rowOf(db, id, SQL[this.#parts.language].locksRows)
  }
}

async function rowOf(
  db: Kysely<MacDatabase>,
  id: string,
  locks = false,
): Promise<CredentialRow | null> {
  const query = db.selectFrom('mac_credentials').selectAll().where('id', '=', id)
  const [row] = await query.$if(locks, (rows) => rows.forUpdate()).execute()
  return row ?? null
}

/** Inserts a credential. Returns `false` if there is one with its identifier. */
async function insertNew(
  db: Kysely<MacDatabase>,
  language: Language,
  row: Insertable<MacDatabase['mac_credentials']>,
): Promise<boolean> {
  const insert = db.insertInto('mac_credentials').values(row)
  if (language === 'postgres') {
    // Waits if another transaction inserts the same identifier.
    const conflicting = insert.onConflict((conflict) => conflict.doNothing())
    return (await conflicting.returning('id').execute()).length > 0
  }
  // "insert or ignore" would run the trigger of an overwrite even if it inserts nothing.
  if ((await rowOf(db, row.id)) !== null) return false
  await insert.execute()
  return true
}

async function change(
  db: Kysely<MacDatabase>,
  id: string,
  columns: Updateable<MacDatabase['mac_credentials']>,
): Promise<void> {
  await db.updateTable('mac_credentials').set(columns).where('id', '=', id).execute()
}

/**
 * Removes old keys after their grace, and credentials that are due to be removed, but not those that another
 * transaction changes. Returns how many.
 */
async function cleanUpCredentials(
  db: Kysely<MacDatabase>,
  language: Language,
  now: number,
): Promise<number> {
  const { locksRows } = SQL[language]
  const withOldKey = await db
    .selectFrom('mac_credentials')
    .select(['id', 'user', 'key_number'])
    .where('old_until', '<=', now)
    .limit(AT_ONCE)
    .$if(locksRows, (rows) => rows.forUpdate().skipLocked())
    .execute()
  for (const { id, user, key_number } of withOldKey) {
    await change(db, id, NO_OLD_KEY)
    await auditKeyEnd(db, now, { id, user }, Number(key_number) - 1, false, null)
  }
  const gone = await db
    .selectFrom('mac_credentials')
    .select('id')
    .where('remove_at', '<=', now)
    .orderBy('remove_at')
    .limit(AT_ONCE)
    .$if(locksRows, (rows) => rows.forUpdate().skipLocked())
    .execute()
  await removeCredentials(
    db,
    language,
    gone.map(({ id }) => id),
  )
  await drawVersion(db, language)
  return withOldKey.length + gone.length
}

/** Removes credentials and their usage, but not their nonces. */
async function removeCredentials(
  db: Kysely<MacDatabase>,
  language: Language,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return
  await db.deleteFrom('mac_credentials').where('id', 'in', ids).execute()
  await forgetUsage(db, language, ids)
}

type Owner = Pick<KeylessCredential, 'id' | 'user'>

async function writeAudit(
  db: Kysely<MacDatabase>,
  at: number,
  action: AuditAction,
  { id: credential, user }: Owner,
  detail: AuditRow['detail'],
  actor: string | null,
): Promise<void> {
  const row = { at, action, credential, user, detail: JSON.stringify(detail), actor }
  await db.insertInto('mac_audit').values(row).execute()
}

/**
 * Adds an event for the end of a key, with its last use, and removes the usage of keys with lower numbers. It
 * keeps the latest use of all keys, which is the last use of the credential.
 *
 * @param endedEarly Whether a rotation ended the key, before its grace was over.
 */
async function auditKeyEnd(
  db: Kysely<MacDatabase>,
  now: number,
  { id, user }: Owner,
  number: number,
  endedEarly: boolean,
  actor: string | null,
): Promise<void> {
  const uses = await db
    .selectFrom('mac_usage')
    .select(['key_number', 'used'])
    .where('credential', '=', id)
    .execute()
  const latest = Math.max(0, ...uses.map(({ used }) => Number(used)))
  const use = uses.find(({ key_number }) => Number(key_number) === number)
  await db
    .deleteFrom('mac_usage')
    .where('credential', '=', id)
    .where('key_number', '<', number)
    .where('used', '<', latest)
    .execute()
  const detail = { keyNumber: number, lastUsed: toNumber(use?.used ?? null), endedEarly }
  await writeAudit(db, now, 'retired', { id, user }, detail, actor)
}
