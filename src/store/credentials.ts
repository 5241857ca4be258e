import { randomBytes } from 'node:crypto'
import { type CompiledQuery, type Kysely, sql, type Updateable } from 'kysely'
import { publishRemoval } from '../diagnostics.ts'
import type { AuditAction } from '../types.ts'
import { immediately } from './connection.ts'
import {
  type CredentialRow,
  editedColumns,
  fromRow,
  type KeyRow,
  keyPlace,
  NO_OLD_KEY,
  newRow,
  oldKeyPlace,
  openKey,
  openWritten,
  toNumber,
  withKeys,
} from './credential-row.ts'
import { searchCredentials } from './credential-search.ts'
import { drawVersion, KEY_INDEX } from './migrations.ts'
import { type MacDatabase, present } from './schema.ts'
import type { KeyPlace, KeySealer } from './sealing/sealer.ts'
import type { StoreParts } from './store-parts.ts'
import type {
  AuditFilter,
  AuditRow,
  CredentialSearch,
  CredentialStore,
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

/** The columns that are read before the MAC is verified. */
type KeysRow = KeyRow & {
  /** 0 if there is no such credential. Then all other columns are a decoy. */
  readonly known: number
  readonly old_key: string
  /** 0 if the credential has no old key. Then the old key is a decoy. */
  readonly has_old: number
  readonly version: number | null
}

/** The row of a credential, if there is one, and the version of all credentials. */
type VersionedRow = { [Column in keyof CredentialRow]: CredentialRow[Column] | null } & {
  readonly version: number
}

/** The credential store, on Kysely. */
export class SqlCredentials implements CredentialStore {
  readonly #db: Kysely<MacDatabase>
  readonly #parts: StoreParts
  readonly #sealer: KeySealer
  /** Compiled once: they run for every signed request whose credential is not cached. */
  readonly #findKeys: CompiledQuery<KeysRow>
  readonly #find: CompiledQuery<VersionedRow>
  /** The person whose changes these are; `null` if code makes them. */
  #actor: string | null = null

  constructor(parts: StoreParts, sealer: KeySealer) {
    this.#db = parts.db
    this.#parts = parts
    this.#sealer = sealer
    this.#findKeys = findKeysQuery(parts.db, sealer)
    this.#find = findQuery(parts.db)
  }

  as(actor: string): SqlCredentials {
    const same = new SqlCredentials(this.#parts, this.#sealer)
    same.#actor = actor
    return same
  }

  async lookUpKeys(id: string): Promise<KeyPair> {
    return openFound(await this.#lookUp(this.#findKeys, id), this.#sealer)
  }

  async lookUp(id: string): Promise<LookUp> {
    const row = await this.#lookUp(this.#find, id)
    const version = Number(row.version)
    if (row.id === null) return { credential: null, version }
    const credential = withKeys(row as CredentialRow, this.#sealer)
    const { keyNumber, rotated, oldKey } = credential
    if (oldKey !== null && rotated !== null) {
      this.#parts.counters.rotated(id, keyNumber - 1, rotated)
    }
    return { credential, version }
  }

  #lookUp<Row extends KeysRow | VersionedRow>(query: CompiledQuery<Row>, id: string): Promise<Row> {
    return this.#parts.guarded(async () => {
      const asked: CompiledQuery<Row> = { ...query, parameters: [id] }
      const [row] = (await this.#db.executeQuery(asked).catch(notFound)).rows
      present('credentials_mark', row?.version)
      return row as Row
    })
  }

  async find(id: string): Promise<KeylessCredential | null> {
    const row = await this.#parts.guarded(() => rowOf(this.#db, id))
    return row === null ? null : fromRow(row)
  }

  async insert(credential: StoredCredential): Promise<boolean> {
    const { id, created: at } = credential
    return this.#changing(async (db) => {
      // "insert or ignore" would run the trigger of an overwrite even if it inserts nothing.
      if ((await rowOf(db, id)) !== null) return false
      await db.insertInto('mac_credentials').values(newRow(credential, this.#sealer)).execute()
      await forgetUsage(db, [id])
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
      const row = await rowOf(db, id)
      if (row === null) return null
      const before = fromRow(row)
      const edited = edit(before, (text) => openKey(row, this.#sealer) === text)
      if (edited === null) return before
      const columns = editedColumns(row, edited, this.#sealer)
      await change(db, id, columns)
      await drawVersion(db)
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
    return this.#changing(async (db) => {
      const row = await rowOf(db, id)
      if (row === null) return false
      const { label, created, expires, revoked, disabled, scopes, keyNumber } = fromRow(row)
      const { failures } = this.#parts.counters
      const { used } = (await readUsage(db, at, [id], failures)).get(id) ?? UNUSED
      const lastUsed = used.size === 0 ? null : Math.max(...used.values())
      await removeCredentials(db, [id])
      await drawVersion(db)
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
    return this.#parts.guarded(() => searchCredentials(this.#db, search))
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
    const work = () => this.#changing((db) => cleanUpCredentials(db, now))
    return publishRemoval(this.#parts.label, 'credentials', work)
  }

  async learnClock(id: string, offset: number): Promise<number | null> {
    return this.#changing(async (db) => {
      const row = await rowOf(db, id)
      if (row === null || row.clock_offset !== null) return toNumber(row?.clock_offset ?? null)
      await change(db, id, { clock_offset: offset })
      return offset
    })
  }

  async resetClock(id: string): Promise<boolean> {
    return this.#changing(async (db) => {
      if ((await rowOf(db, id)) === null) return false
      await change(db, id, { clock_offset: null })
      return true
    })
  }

  #changing<Result>(work: (db: Kysely<MacDatabase>) => Promise<Result>): Promise<Result> {
    return this.#parts.guarded(() => immediately(this.#db, work))
  }
}

async function rowOf(db: Kysely<MacDatabase>, id: string): Promise<CredentialRow | null> {
  const query = db.selectFrom('mac_credentials').selectAll().where('id', '=', id)
  const [row] = await query.execute()
  return row ?? null
}

async function change(
  db: Kysely<MacDatabase>,
  id: string,
  columns: Updateable<MacDatabase['mac_credentials']>,
): Promise<void> {
  await db.updateTable('mac_credentials').set(columns).where('id', '=', id).execute()
}

/** Removes old keys after their grace, and credentials that are due to be removed. Returns how many. */
async function cleanUpCredentials(db: Kysely<MacDatabase>, now: number): Promise<number> {
  const withOldKey = await db
    .selectFrom('mac_credentials')
    .select(['id', 'user', 'key_number'])
    .where('old_until', '<=', now)
    .limit(AT_ONCE)
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
    .execute()
  await removeCredentials(
    db,
    gone.map(({ id }) => id),
  )
  await drawVersion(db)
  return withOldKey.length + gone.length
}

/** Removes credentials and their usage, but not their nonces. */
async function removeCredentials(db: Kysely<MacDatabase>, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await db.deleteFrom('mac_credentials').where('id', 'in', ids).execute()
  await forgetUsage(db, ids)
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

/**
 * Explains the error if a look-up failed because the index is missing. A look-up without the index would
 * show by its time which identifiers exist.
 */
function notFound(error: unknown): never {
  if (!(error instanceof Error && error.message.includes(`no such index: ${KEY_INDEX}`)))
    throw error
  const why =
    `its table mac_credentials lacks the index ${KEY_INDEX}, because it was rebuilt by hand. Restart all ` +
    'servers: a server that opens the database creates the index and the triggers again.'
  throw new Error(why, { cause: error })
}

/** The places of the decoy keys. The identifier is as long as a random one. */
const NOBODY: KeyPlace = { id: 'x'.repeat(24), number: 1, algorithm: 'hmac-sha-256' }
const NOBODYS_OLD_KEY: KeyPlace = { ...NOBODY, number: 0 }

/**
 * Returns the query for the keys of a credential. If there is no such credential, or it has no old key, the
 * query returns decoys of the same lengths, which are sealed if keys are. So the time of a look-up does not
 * reveal which identifiers exist.
 *
 * The row of the decoy reads one more row of `mac_state`. That takes as long as reading the columns of a
 * credential.
 */
function findKeysQuery(db: Kysely<MacDatabase>, sealer: KeySealer): CompiledQuery<KeysRow> {
  const decoy = (place: KeyPlace) => sealer.seal(randomBytes(32).toString('base64url'), place)
  const [key, old] = [decoy(NOBODY), decoy(NOBODYS_OLD_KEY)]
  const { lit } = sql
  const { id, number, algorithm } = NOBODY
  const oldKey = [lit(old.text), lit(algorithm), lit(old.by)] as const
  const version = sql`(select value from mac_state where name = 'credentials_mark') as version`
  return sql<KeysRow>`select 1 as known, id, algorithm, key, key_number, key_sealed_by,
    old_key is not null and old_algorithm is not null as has_old,
    ifnull(old_key, ${oldKey[0]}) as old_key, ifnull(old_algorithm, ${oldKey[1]}) as old_algorithm,
    iif(old_key is null, ${oldKey[2]}, old_sealed_by) as old_sealed_by, ${version}
    from mac_credentials indexed by ${sql.ref(KEY_INDEX)} where id = ${''}
    union all select 0, ${lit(id)}, ${lit(algorithm)}, ${lit(key.text)}, ${lit(number)},
    ${lit(key.by)}, 0, ${sql.join(oldKey)}, ${version}
    from mac_state where name = 'credentials_mark' limit 1`.compile(db)
}

/**
 * Opens the keys of a look-up. Decoys are opened too, so the work is the same.
 * @throws {@link MacError} `ERR_MAC_SEALED` if a key cannot be opened.
 */
function openFound(row: KeysRow, sealer: KeySealer): KeyPair {
  const hasOld = Number(row.has_old) === 1
  const { algorithm } = keyPlace(row)
  const macKey = openKey(row, sealer)
  const place = hasOld ? oldKeyPlace(row) : NOBODYS_OLD_KEY
  const old = openWritten(row.old_key, row.old_sealed_by, place, sealer)
  return {
    current: { exists: Number(row.known) === 1, macKey, algorithm },
    old: { exists: hasOld, macKey: old, algorithm: place.algorithm },
  }
}

/** Returns the query for all columns of a credential. It is for use after the MAC was verified. */
function findQuery(db: Kysely<MacDatabase>): CompiledQuery<VersionedRow> {
  return sql<VersionedRow>`select mac_credentials.*, mac_state.value as version
    from mac_state left join mac_credentials on mac_credentials.id = ${''}
    where mac_state.name = 'credentials_mark'`.compile(db)
}
