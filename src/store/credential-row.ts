import type { Insertable, Selectable } from 'kysely'
import type { MacAlgorithm } from '../protocol/algorithm.ts'
import type { KeySealer } from './key-sealer.ts'
import type { MacDatabase } from './schema.ts'
import type { StoredCredential, StoredOldKey } from './store.ts'

/** A row of `mac_credentials`. */
export type CredentialRow = Selectable<MacDatabase['mac_credentials']>

/**
 * The credential of a row, its keys opened.
 * @throws {@link MacError} `ERR_MAC_SEALED`
 */
export function fromRow(row: CredentialRow, sealer: KeySealer): StoredCredential {
  const { id, user, label, key, key_sealed_by: by } = row
  const algorithm = row.algorithm as MacAlgorithm
  const number = Number(row.key_number)
  return {
    id,
    user,
    key: sealer.open({ text: key, by }, { id, number, algorithm }),
    algorithm,
    label,
    created: Number(row.created),
    expires: toNumber(row.expires),
    revoked: toNumber(row.revoked),
    disabled: toNumber(row.disabled),
    clockOffset: toNumber(row.clock_offset),
    scopes: Object.freeze(row.scopes === '' ? [] : row.scopes.split(' ')),
    rateLimit: rateLimitOf(row),
    keyNumber: number,
    rotated: toNumber(row.rotated),
    oldKey: oldKeyOf(row, sealer),
    removeAt: toNumber(row.remove_at),
  }
}

/** The row of a credential, its keys sealed. */
export function toRow(
  credential: StoredCredential,
  sealer: KeySealer,
): Insertable<MacDatabase['mac_credentials']> {
  const { id, user, algorithm, label, created, expires, revoked, disabled } = credential
  const { key, keyNumber: number, oldKey, rotated, rateLimit } = credential
  const sealed = sealer.seal(key, { id, number, algorithm })
  const place = oldKey && { id, number: number - 1, algorithm: oldKey.algorithm }
  const old = place && sealer.seal(oldKey.key, place)
  return {
    ...{ id, user, algorithm, label, created, expires, revoked, disabled },
    ...{ key: sealed.text, key_sealed_by: sealed.by, key_number: number, rotated },
    old_key: old?.text ?? null,
    old_sealed_by: old?.by ?? null,
    old_algorithm: oldKey?.algorithm ?? null,
    old_until: oldKey?.until ?? null,
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

function oldKeyOf(row: CredentialRow, sealer: KeySealer): StoredOldKey | null {
  const { id, old_key: text, old_algorithm, old_until: until, old_sealed_by: by } = row
  if (text === null || old_algorithm === null || until === null) return null
  const algorithm = old_algorithm as MacAlgorithm
  const number = Number(row.key_number) - 1
  return {
    key: sealer.open({ text, by }, { id, number, algorithm }),
    algorithm,
    until: Number(until),
  }
}
