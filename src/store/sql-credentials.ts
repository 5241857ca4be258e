import { type CompiledQuery, type Kysely, type Selectable, sql } from 'kysely'
import type { MacAlgorithm } from '../protocol/algorithm.ts'
import type { Guard } from './guard.ts'
import type { MacDatabase } from './schema.ts'
import { present } from './state.ts'
import type { CredentialStore, LookUp, StoredCredential } from './store.ts'

type Row = Selectable<MacDatabase['mac_credentials']>
type VersionedRow = Row & { readonly version: number }

/** Credentials over Kysely. */
export class SqlCredentials implements CredentialStore {
  readonly #db: Kysely<MacDatabase>
  readonly #guard: Guard
  /** Compiled once: it runs for every signed request. */
  readonly #find: CompiledQuery<VersionedRow>

  constructor(db: Kysely<MacDatabase>, guard: Guard) {
    this.#db = db
    this.#guard = guard
    this.#find = findQuery(db)
  }

  async lookUp(id: string): Promise<LookUp> {
    const query: CompiledQuery<VersionedRow> = { ...this.#find, parameters: [id] }
    const { row, version } = await this.#guard(async () => {
      const [row] = (await this.#db.executeQuery(query)).rows
      if (row === undefined) throw new Error('the look-up of a credential gave no row')
      return { row, version: present('credentials_version', row.version) }
    })
    const credential = fromRow(row)
    return { credential: row.id === DECOY ? null : credential, version }
  }

  async find(id: string): Promise<StoredCredential | null> {
    return (await this.lookUp(id)).credential
  }

  async insert(credential: StoredCredential): Promise<boolean> {
    const { clockOffset, ...columns } = credential
    const query = this.#db
      .insertInto('mac_credentials')
      .values({ ...columns, clock_offset: clockOffset })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returning('id')
    return (await this.#guard(() => query.execute())).length > 0
  }

  async list(user: string | null): Promise<StoredCredential[]> {
    let query = this.#db.selectFrom('mac_credentials').selectAll().orderBy('created').orderBy('id')
    if (user !== null) query = query.where('user', '=', user)
    return (await this.#guard(() => query.execute())).map(fromRow)
  }

  async revoke(id: string, at: number): Promise<boolean> {
    const query = this.#db
      .updateTable('mac_credentials')
      .set((build) => ({ revoked: build.fn.coalesce('revoked', build.val(at)) }))
      .where('id', '=', id)
      .returning('id')
    return (await this.#guard(() => query.execute())).length > 0
  }

  async remove(id: string): Promise<boolean> {
    const query = this.#db.deleteFrom('mac_credentials').where('id', '=', id).returning('id')
    return (await this.#guard(() => query.execute())).length > 0
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
}

/** An identifier that no credential can have, since it is empty. */
const DECOY = ''

/**
 * The look-up of a credential. Where there is none it gives a decoy, whose row is read and made an
 * object as any other: how long a look-up takes must not tell which identifiers exist.
 */
function findQuery(db: Kysely<MacDatabase>): CompiledQuery<VersionedRow> {
  const { ref, lit } = sql
  const columns = [
    ...['id', 'user', 'key', 'algorithm', 'label', 'created', 'expires', 'revoked'],
    'clock_offset',
  ].map((name) => ref(name))
  const key = 'x'.repeat(43)
  const decoy = [DECOY, 'nobody', key, 'hmac-sha-256', null, 0, 0, null, null].map((value) =>
    lit(value),
  )
  const version = sql`(select value from mac_state where name = 'credentials_version') as version`
  return sql<VersionedRow>`select ${sql.join(columns)}, ${version}
    from mac_credentials where id = ${''}
    union all select ${sql.join(decoy)}, ${version} limit 1`.compile(db)
}

function fromRow(row: Row): StoredCredential {
  return {
    id: row.id,
    user: row.user,
    key: row.key,
    algorithm: row.algorithm as MacAlgorithm,
    label: row.label,
    created: Number(row.created),
    expires: toNumber(row.expires),
    revoked: toNumber(row.revoked),
    clockOffset: toNumber(row.clock_offset),
  }
}

/** A caller's driver may be set to give integers as bigints. */
function toNumber(value: number | null): number | null {
  return value === null ? null : Number(value)
}
