import type { CompiledQuery, Kysely } from 'kysely'
import { tellingRemoval } from '../diagnostics/tell-work.ts'
import { lastWords, readAudit, writeAudit } from './audit.ts'
import { type CredentialRow, fromRow, toNumber } from './credential-row.ts'
import {
  findKeysQuery,
  findQuery,
  type KeysRow,
  openFound,
  type VersionedRow,
  whyNotFound,
} from './find-credential.ts'
import type { Guard } from './guard.ts'
import { immediately } from './immediately.ts'
import { editedColumns, newRow, openKey, withKeys } from './key-columns.ts'
import { drawVersion } from './migrations.ts'
import { auditReplaced } from './retired-keys.ts'
import type { MacDatabase } from './schema.ts'
import type { KeySealer } from './sealing/key-sealer.ts'
import { present } from './state.ts'
import { isSweepDue, removeCredentials, sweepCredentials } from './sweep.ts'
import type {
  AuditFilter,
  AuditRow,
  CredentialStore,
  Edit,
  KeylessCredential,
  KeyPair,
  LookUp,
  StoredCredential,
  Usage,
} from './types.ts'
import { forgetUsage, readUsage, UNUSED } from './usage/usage.ts'
import type { UsageTally } from './usage/usage-tally.ts'

/** What credentials share with nonces. */
interface Told {
  /** What the database is called in messages. */
  readonly label: string
  readonly tally: UsageTally
}

/** Credentials over Kysely. */
export class SqlCredentials implements CredentialStore {
  readonly #db: Kysely<MacDatabase>
  readonly #guard: Guard
  readonly #sealer: KeySealer
  readonly #label: string
  readonly #tally: UsageTally
  /** Compiled once: they run for every signed request whose credential is not remembered. */
  readonly #findKeys: CompiledQuery<KeysRow>
  readonly #find: CompiledQuery<VersionedRow>

  constructor(db: Kysely<MacDatabase>, guard: Guard, sealer: KeySealer, { label, tally }: Told) {
    this.#db = db
    this.#guard = guard
    this.#sealer = sealer
    this.#label = label
    this.#tally = tally
    this.#findKeys = findKeysQuery(db, sealer)
    this.#find = findQuery(db)
  }

  async lookUpKeys(id: string): Promise<KeyPair> {
    const { row } = await this.#lookedUp(this.#findKeys, id)
    return openFound(row, this.#sealer)
  }

  async lookUp(id: string): Promise<LookUp> {
    const { row, version } = await this.#lookedUp(this.#find, id)
    if (row.id === null) return { credential: null, version }
    const credential = withKeys(row as CredentialRow, this.#sealer)
    const { keyNumber, rotated, oldKey } = credential
    if (oldKey !== null && rotated !== null) this.#tally.replaced(id, keyNumber - 1, rotated)
    return { credential, version }
  }

  #lookedUp<Row extends KeysRow | VersionedRow>(
    query: CompiledQuery<Row>,
    id: string,
  ): Promise<{ readonly row: Row; readonly version: number }> {
    return this.#guard(async () => {
      const asked: CompiledQuery<Row> = { ...query, parameters: [id] }
      const [row] = (await this.#db.executeQuery(asked).catch(notFound)).rows
      const version = present('credentials_mark', row?.version)
      return { row: row as Row, version }
    })
  }

  async find(id: string): Promise<KeylessCredential | null> {
    const row = await this.#guard(() => rowOf(this.#db, id))
    return row === null ? null : fromRow(row)
  }

  async insert(credential: StoredCredential): Promise<boolean> {
    const { id, created: at } = credential
    return this.#changing(async (db) => {
      // An insert that comes to nothing would still call the trigger of one that overwrites.
      const query = db.selectFrom('mac_credentials').select('id').where('id', '=', id)
      if ((await query.execute()).length > 0) return false
      await db.insertInto('mac_credentials').values(newRow(credential, this.#sealer)).execute()
      await forgetUsage(db, [id])
      this.#tally.forget(id)
      // Of those that go by themselves there are many, and nobody asks for them.
      if (credential.removeAt === null) await writeAudit(db, at, 'created', credential, {})
      return true
    })
  }

  async list(user: string | null): Promise<KeylessCredential[]> {
    let query = this.#db.selectFrom('mac_credentials').selectAll().orderBy('created').orderBy('id')
    if (user !== null) query = query.where('user', '=', user)
    return (await this.#guard(() => query.execute())).map(fromRow)
  }

  async edit(id: string, at: number, edit: Edit): Promise<KeylessCredential | null> {
    return this.#changing(async (db) => {
      const row = await rowOf(db, id)
      if (row === null) return null
      const before = fromRow(row)
      const edited = edit(before, (text) => openKey(row, this.#sealer) === text)
      if (edited === null) return before
      const columns = editedColumns(row, edited, this.#sealer)
      await db.updateTable('mac_credentials').set(columns).where('id', '=', id).execute()
      await drawVersion(db)
      await writeAudit(db, at, edited.action, before, edited.detail)
      if (edited.key !== undefined) await auditReplaced(db, at, before, edited.credential)
      return edited.credential
    })
  }

  async remove(id: string, at: number): Promise<boolean> {
    return this.#changing(async (db) => {
      const row = await rowOf(db, id)
      if (row === null) return false
      const { used } = (await readUsage(db, at, id, this.#tally.failures)).get(id) ?? UNUSED
      await removeCredentials(db, [id])
      await drawVersion(db)
      await writeAudit(db, at, 'deleted', row, lastWords(fromRow(row), used))
      return true
    })
  }

  async usage(now: number, id: string | null): Promise<ReadonlyMap<string, Usage>> {
    return this.#guard(() => readUsage(this.#db, now, id, this.#tally.failures))
  }

  async history(filter: AuditFilter): Promise<AuditRow[]> {
    return this.#guard(() => readAudit(this.#db, filter))
  }

  async sweep(now: number): Promise<number> {
    if (!(await this.#guard(() => isSweepDue(this.#db, now)))) return 0
    return tellingRemoval(this.#label, 'credentials', () =>
      this.#changing((db) => sweepCredentials(db, now)),
    )
  }

  async learnClock(id: string, offset: number): Promise<number | null> {
    const query = this.#db
      .updateTable('mac_credentials')
      .set((build) => ({ clock_offset: build.fn.coalesce('clock_offset', build.val(offset)) }))
      .where('id', '=', id)
      .returning('clock_offset')
    const [learned] = await this.#guard(() => query.execute())
    return toNumber(learned?.clock_offset ?? null)
  }

  async resetClock(id: string): Promise<boolean> {
    const query = this.#db
      .updateTable('mac_credentials')
      .set({ clock_offset: null })
      .where('id', '=', id)
      .returning('id')
    return (await this.#guard(() => query.execute())).length > 0
  }

  /** Makes a change in one transaction. */
  #changing<Result>(work: (db: Kysely<MacDatabase>) => Promise<Result>): Promise<Result> {
    return this.#guard(() => immediately(this.#db, work))
  }
}

function notFound(error: unknown): never {
  throw whyNotFound(error)
}

async function rowOf(db: Kysely<MacDatabase>, id: string): Promise<CredentialRow | null> {
  const query = db.selectFrom('mac_credentials').selectAll().where('id', '=', id)
  const [row] = await query.execute()
  return row ?? null
}
