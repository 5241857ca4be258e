import type { Insertable, Selectable } from 'kysely'
import type { MacAlgorithm } from '../protocol/algorithm.ts'
import type { MacDatabase } from './schema.ts'
import type { KeylessCredential, OldKeyTerm } from './store.ts'

/** A row of `mac_credentials`. */
export type CredentialRow = Selectable<MacDatabase['mac_credentials']>
/** The columns of one that hold no key, nor tell of one. */
export type KeylessColumns = Omit<
  Insertable<MacDatabase['mac_credentials']>,
  'key' | 'key_sealed_by' | 'old_key' | 'old_algorithm' | 'old_sealed_by' | 'old_until'
>

/** The credential of a row. Its keys are not opened. */
export function fromRow(row: CredentialRow): KeylessCredential {
  const { id, user, label } = row
  return {
    id,
    user,
    algorithm: row.algorithm as MacAlgorithm,
    label,
    created: Number(row.created),
    expires: toNumber(row.expires),
    revoked: toNumber(row.revoked),
    disabled: toNumber(row.disabled),
    clockOffset: toNumber(row.clock_offset),
    scopes: Object.freeze(row.scopes === '' ? [] : row.scopes.split(' ')),
    rateLimit: rateLimitOf(row),
    keyNumber: Number(row.key_number),
    rotated: toNumber(row.rotated),
    oldKey: oldKeyOf(row),
    removeAt: toNumber(row.remove_at),
  }
}

/** The columns of a credential, but for those of its keys. */
export function toColumns(credential: KeylessCredential): KeylessColumns {
  const { id, user, algorithm, label, created, expires, revoked, disabled } = credential
  const { keyNumber: key_number, rotated, rateLimit } = credential
  return {
    ...{ id, user, algorithm, label, created, expires, revoked, disabled, key_number, rotated },
    clock_offset: credential.clockOffset,
    scopes: credential.scopes.join(' '),
    limit_requests: rateLimit?.requests ?? null,
    limit_seconds: rateLimit?.seconds ?? null,
    remove_at: credential.removeAt,
  }
}

/** A number of a row: a caller's driver may be set to give integers as bigints. */
export function toNumber(value: number | null): number | null {
  return value === null ? null : Number(value)
}

function rateLimitOf({ limit_requests: requests, limit_seconds: seconds }: CredentialRow) {
  if (requests === null || seconds === null) return null
  return { requests: Number(requests), seconds: Number(seconds) }
}

function oldKeyOf({ old_key: text, old_algorithm, old_until }: CredentialRow): OldKeyTerm | null {
  if (text === null || old_algorithm === null || old_until === null) return null
  return { algorithm: old_algorithm as MacAlgorithm, until: Number(old_until) }
}
