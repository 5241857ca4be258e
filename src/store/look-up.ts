import { randomBytes } from 'node:crypto'
import { type CompiledQuery, type Kysely, sql } from 'kysely'
import {
  type CredentialRow,
  type KeyRow,
  keyPlace,
  oldKeyPlace,
  openKey,
  openWritten,
} from './credential-row.ts'
import { KEY_INDEX } from './migrations.ts'
import type { MacDatabase } from './schema.ts'
import type { KeyPlace, KeySealer } from './sealing/sealer.ts'
import type { Language } from './sql-language.ts'
import type { KeyPair } from './types.ts'

/** The columns that are read before the MAC is verified. */
export type KeysRow = KeyRow & {
  /** 0 if there is no such credential. Then all other columns are a decoy. */
  readonly known: number
  readonly old_key: string
  /** 0 if the credential has no old key. Then the old key is a decoy. */
  readonly has_old: number
  readonly version: number | null
}

/** The row of a credential, if there is one, and the version of all credentials. */
export type VersionedRow = { [Column in keyof CredentialRow]: CredentialRow[Column] | null } & {
  readonly version: number
}

/** A statement that looks up a credential, compiled once. Its last parameter is the identifier. */
export interface LookUpStatement<Row> {
  /** Under this name, PostgreSQL keeps its plan. */
  readonly name: string
  readonly query: CompiledQuery<Row>
}

/** Returns the query with an identifier. */
export function lookUpOf<Row>(query: CompiledQuery<Row>, id: string): CompiledQuery<Row> {
  return { ...query, parameters: [...query.parameters.slice(0, -1), id] }
}

/** The places of the decoy keys. The identifier is as long as a random one. */
const NOBODY: KeyPlace = { id: 'x'.repeat(24), number: 1, algorithm: 'hmac-sha-256' }
const NOBODYS_OLD_KEY: KeyPlace = { ...NOBODY, number: 0 }

/**
 * Returns the query for the keys of a credential. If there is no such credential, or it has no old key, the
 * query returns decoys of the same lengths, which are sealed if keys are. So the time of a look-up does not
 * reveal which identifiers exist.
 */
export function findKeys(
  db: Kysely<MacDatabase>,
  sealer: KeySealer,
  language: Language,
): LookUpStatement<KeysRow> {
  const decoy = (place: KeyPlace) => sealer.seal(randomBytes(32).toString('base64url'), place)
  const decoys = { key: decoy(NOBODY), old: decoy(NOBODYS_OLD_KEY) }
  const query = language === 'sqlite' ? findKeysInSqlite(decoys) : findKeysInPostgres(decoys)
  return { name: 'mac_find_keys', query: query.compile(db) }
}

type Decoys = Readonly<Record<'key' | 'old', ReturnType<KeySealer['seal']>>>

/**
 * The row of the decoy reads one more row of `mac_state`. That takes as long as reading the columns of a
 * credential.
 */
function findKeysInSqlite({ key, old }: Decoys) {
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
    from mac_state where name = 'credentials_mark' limit 1`
}

/**
 * The decoys are parameters, because each process has its own, and the text of a prepared statement must be the
 * same in all.
 *
 * It reads the first row from the identifier on, and then compares. So one row is read also if there is no such
 * credential: the next one. Only after the last identifier there is none.
 */
function findKeysInPostgres({ key, old }: Decoys) {
  const { id, number, algorithm } = NOBODY
  return sql<KeysRow>`select (known.id is not null)::int as known,
    coalesce(known.id, ${id}) as id, coalesce(known.algorithm, ${algorithm}) as algorithm,
    coalesce(known.key, ${key.text}) as key, coalesce(known.key_number, ${number}) as key_number,
    case when known.id is null then ${key.by} else known.key_sealed_by end as key_sealed_by,
    (known.old_key is not null and known.old_algorithm is not null)::int as has_old,
    coalesce(known.old_key, ${old.text}) as old_key,
    coalesce(known.old_algorithm, ${algorithm}) as old_algorithm,
    case when known.old_key is null then ${old.by} else known.old_sealed_by end as old_sealed_by,
    mark.value as version, pg_is_in_recovery()::int as standby
    from mac_state as mark cross join (select cast(${''} as text) as id) as asked
    left join lateral (
      select near.* from (
        select * from mac_credentials where id >= asked.id order by id limit 1) as near
      where near.id = asked.id) as known on true
    where mark.name = 'credentials_mark'`
}

/**
 * Opens the keys of a look-up. Decoys are opened too, so the work is the same.
 * @throws {@link MacError} `ERR_MAC_SEALED` if a key cannot be opened.
 */
export function openFound(row: KeysRow, sealer: KeySealer): KeyPair {
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
export function findWhole(
  db: Kysely<MacDatabase>,
  language: Language,
): LookUpStatement<VersionedRow> {
  const standby = sql.raw(language === 'sqlite' ? '' : ', pg_is_in_recovery()::int as standby')
  const query = sql<VersionedRow>`select mac_credentials.*, mac_state.value as version${standby}
    from mac_state left join mac_credentials on mac_credentials.id = ${''}
    where mac_state.name = 'credentials_mark'`
  return { name: 'mac_find', query: query.compile(db) }
}
