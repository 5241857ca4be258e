import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { CredentialRow } from './credential-row.ts'
import { newRow } from './key-columns.ts'
import type { MacDatabase } from './schema.ts'
import type { KeySealer } from './sealing/key-sealer.ts'
import type { StoredCredential } from './store.ts'

/** A credential's row, with the version of all of them. */
export type VersionedRow = CredentialRow & { readonly version: number }

/** An identifier that no credential can have, since it is empty. */
export const DECOY = ''

/**
 * The look-up of a credential. Where there is none it gives a decoy, whose row is read, its key opened,
 * and made an object as any other: how long a look-up takes must not tell which identifiers exist.
 */
export function findQuery(db: Kysely<MacDatabase>, sealer: KeySealer): CompiledQuery<VersionedRow> {
  const { ref, lit } = sql
  const decoy = newRow(decoyCredential(), sealer)
  const columns = Object.keys(decoy).map((name) => ref(name))
  const values = Object.values(decoy).map((value) => lit(value))
  const version = sql`(select value from mac_state where name = 'credentials_mark') as version`
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
