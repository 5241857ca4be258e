import type { Selectable } from 'kysely'
import type { MacAlgorithm } from '../protocol/algorithm.ts'
import type { MacDatabase } from './schema.ts'
import type { StoredCredential } from './store.ts'

/** A row of `mac_credentials`. */
export type CredentialRow = Selectable<MacDatabase['mac_credentials']>

/** The credential of a row. */
export function fromRow(row: CredentialRow): StoredCredential {
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

/** A number of a row: a caller's driver may be set to give integers as bigints. */
export function toNumber(value: number | null): number | null {
  return value === null ? null : Number(value)
}
