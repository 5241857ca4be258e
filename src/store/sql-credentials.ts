import { type CompiledQuery, type Kysely, sql } from 'kysely'
import { type CredentialRow, fromRow, toNumber, toRow } from './credential-row.ts'
import type { Guard } from './guard.ts'
import { immediately } from './immediately.ts'
import type { KeySealer } from './key-sealer.ts'
import type { MacDatabase } from './schema.ts'
import { present } from './state.ts'
import type { CredentialStore, LookUp, StoredCredential } from './store.ts'
import { drawVersion } from './triggers.ts'

type VersionedRow = CredentialRow & { readonly version: number }

/** Credentials over Kysely. */
export class SqlCredentials implements CredentialStore {
  readonly #db: Kysely<MacDatabase>
  readonly #guard: Guard
  readonly #sealer: KeySealer
  /** Compiled once: it runs for every signed request. */
  readonly #find: CompiledQuery<VersionedRow>

  constructor(db: Kysely<MacDatabase>, guard: Guard, sealer: KeySealer) {
    this.#db = db
    this.#guard = guard
    this.#sealer = sealer
    this.#find = findQuery(db, sealer)
  }

  async lookUp(id: string): Promise<LookUp> {
    const query: CompiledQuery<VersionedRow> = { ...this.#find, parameters: [id] }
    const { row, version } = await this.#guard(async () => {
      const [row] = (await this.#db.executeQuery(query)).rows
      if (row === undefined) throw new Error('the look-up of a credential gave no row')
      return { row, version: present('credentials_version', row.version) }
    })
    const credential = fromRow(row, this.#sealer)
    return { credential: row.id === DECOY ? null : credential, version }
  }

  async find(id: string): Promise<StoredCredential | null> {
    return (await this.lookUp(id)).credential
  }

  async insert(credential: StoredCredential): Promise<boolean> {
    // An insert that comes to nothing would still call the trigger of one that overwrites.
    if ((await this.find(credential.id)) !== null) return false
    const query = this.#db
      .insertInto('mac_credentials')
      .values(toRow(credential, this.#sealer))
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returning('id')
    return (await this.#guard(() => query.execute())).length > 0
  }

  async list(user: string | null): Promise<StoredCredential[]> {
    let query = this.#db.selectFrom('mac_credentials').selectAll().orderBy('created').orderBy('id')
    if (user !== null) query = query.where('user', '=', user)
    return (await this.#guard(() => query.execute())).map((row) => fromRow(row, this.#sealer))
  }

  async revoke(id: string, at: number): Promise<boolean> {
    return this.#change(async (db) => {
      const query = db
        .updateTable('mac_credentials')
        .set((build) => ({ revoked: build.fn.coalesce('revoked', build.val(at)) }))
        .where('id', '=', id)
        .returning('id')
      return (await query.execute()).length > 0
    })
  }

  async remove(id: string): Promise<boolean> {
    return this.#change(async (db) => {
      const query = db.deleteFrom('mac_credentials').where('id', '=', id).returning('id')
      return (await query.execute()).length > 0
    })
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

  /**
   * Makes a change that keeps somebody out, and sees to it that it is noticed: whoever rebuilds the
   * table by hand takes its triggers away under the processes at work.
   */
  #change(work: (db: Kysely<MacDatabase>) => Promise<boolean>): Promise<boolean> {
    return this.#guard(() =>
      immediately(this.#db, async (locked) => {
        const changed = await work(locked)
        if (changed) await drawVersion(locked)
        return changed
      }),
    )
  }
}

/** An identifier that no credential can have, since it is empty. */
const DECOY = ''

/**
 * The look-up of a credential. Where there is none it gives a decoy, whose row is read, its key opened,
 * and made an object as any other: how long a look-up takes must not tell which identifiers exist.
 */
function findQuery(db: Kysely<MacDatabase>, sealer: KeySealer): CompiledQuery<VersionedRow> {
  const { ref, lit } = sql
  const decoy = toRow(decoyCredential(), sealer)
  const columns = Object.keys(decoy).map((name) => ref(name))
  const values = Object.values(decoy).map((value) => lit(value))
  const version = sql`(select value from mac_state where name = 'credentials_version') as version`
  return sql<VersionedRow>`select ${sql.join(columns)}, ${version}
    from mac_credentials where id = ${''}
    union all select ${sql.join(values)}, ${version} limit 1`.compile(db)
}

function decoyCredential(): StoredCredential {
  const key = 'x'.repeat(43)
  return {
    ...{ id: DECOY, user: 'nobody', key, algorithm: 'hmac-sha-256', label: null, created: 0 },
    ...{ expires: 0, revoked: null, disabled: null, clockOffset: null, scopes: [] },
    ...{ rateLimit: null, keyNumber: 1, rotated: null, oldKey: null, removeAt: null },
  }
}
