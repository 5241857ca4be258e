import { randomBytes } from 'node:crypto'
import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { CredentialRow } from './credential-row.ts'
import { type KeyRow, keyPlace, oldKeyPlace, openWritten } from './key-columns.ts'
import { KEY_INDEX } from './migrations.ts'
import type { MacDatabase } from './schema.ts'
import type { KeyPlace, KeySealer, WrittenKey } from './sealing/key-sealer.ts'
import type { FoundKey, KeyPair } from './types.ts'

/** What is read of a credential before it is known that the MAC is right. */
export type KeysRow = KeyRow & {
  /** 0 if there is no such credential: all else is a decoy then. */
  readonly known: number
  readonly old_key: string
  /** 0 if it has no old key: that one is a decoy then. */
  readonly has_old: number
  readonly version: number | null
}

/** A credential's row, if there is one, with the version of all of them. */
export type VersionedRow = { [Column in keyof CredentialRow]: CredentialRow[Column] | null } & {
  readonly version: number
}

/** Whose the decoys are. The identifier is as long as one that withmac makes. */
const NOBODY: KeyPlace = { id: 'x'.repeat(24), number: 1, algorithm: 'hmac-sha-256' }
const NOBODY_BEFORE: KeyPlace = { ...NOBODY, number: 0 }

/** Says it if a look-up failed for want of the index: to do without it would tell who exists. */
export function whyNotFound(error: unknown): unknown {
  if (!(error instanceof Error && error.message.includes(`no such index: ${KEY_INDEX}`)))
    return error
  const why =
    `its table mac_credentials lacks the index ${KEY_INDEX}, and so was rebuilt by hand. Restart all ` +
    'servers: whoever opens the database sets up what a rebuilt table has lost.'
  return new Error(why, { cause: error })
}

/**
 * The look-up of a credential's keys. If there is no such credential, or it has no old key, decoys of
 * the same lengths stand in their place, sealed if keys are: how long a look-up takes must not tell
 * which identifiers exist.
 *
 * A decoy's row reads one row of `mac_state` more, which takes as long as to read the columns of a
 * credential.
 */
export function findKeysQuery(db: Kysely<MacDatabase>, sealer: KeySealer): CompiledQuery<KeysRow> {
  const decoy = (place: KeyPlace) => sealer.seal(randomBytes(32).toString('base64url'), place)
  const [key, old] = [decoy(NOBODY), decoy(NOBODY_BEFORE)]
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
 * The keys that were found, opened; with decoys the same work is done.
 * @throws {@link MacError} `ERR_MAC_SEALED`
 */
export function openFound(row: KeysRow, sealer: KeySealer): KeyPair {
  const hasOld = Number(row.has_old) === 1
  const place = keyPlace(row)
  const oldPlace = hasOld ? oldKeyPlace(row) : NOBODY_BEFORE
  const key = { text: row.key, by: row.key_sealed_by }
  const oldKey = { text: row.old_key, by: row.old_sealed_by }
  return {
    current: opened(Number(row.known) === 1, key, place, sealer),
    old: opened(hasOld, oldKey, oldPlace, sealer),
  }
}

function opened(
  exists: boolean,
  written: WrittenKey,
  place: KeyPlace,
  sealer: KeySealer,
): FoundKey {
  const text = openWritten(written, place, sealer)
  return { exists, text, algorithm: place.algorithm }
}

/** The look-up of all of a credential, for when the MAC is known to be right. */
export function findQuery(db: Kysely<MacDatabase>): CompiledQuery<VersionedRow> {
  return sql<VersionedRow>`select mac_credentials.*, mac_state.value as version
    from mac_state left join mac_credentials on mac_credentials.id = ${''}
    where mac_state.name = 'credentials_mark'`.compile(db)
}
