import type { Insertable, Selectable } from 'kysely'
import { MacError } from '../errors.ts'
import type { MacAlgorithm } from '../protocol/signature.ts'
import type { MacDatabase } from './schema.ts'
import type { KeyPlace, KeySealer } from './sealing/sealer.ts'
import type { Edited, KeylessCredential, OldKeyTerm, StoredCredential } from './types.ts'

export type CredentialRow = Selectable<MacDatabase['mac_credentials']>
type Columns = Insertable<MacDatabase['mac_credentials']>

/** The columns of an old key. */
type OldKeyColumn = 'old_key' | 'old_algorithm' | 'old_sealed_by' | 'old_until'

/** The columns of a row that belong to its keys. */
export type KeyRow = Pick<
  CredentialRow,
  ('id' | 'algorithm' | 'key' | 'key_sealed_by' | 'key_number') | Exclude<OldKeyColumn, 'old_until'>
>

/** The columns of an old key if there is none. */
export const NO_OLD_KEY: Readonly<Record<OldKeyColumn, null>> = {
  old_key: null,
  old_algorithm: null,
  old_sealed_by: null,
  old_until: null,
}

/**
 * Returns the credential of a row, without its keys.
 * @throws {@link MacError} `ERR_MAC_STORE` if a column is not valid.
 */
export function fromRow(row: CredentialRow): KeylessCredential {
  const { id, user, label, limit_requests, limit_seconds, old_key, old_algorithm } = row
  const until = timeOf(row, 'old_until')
  const hasOld = old_key !== null && old_algorithm !== null && until !== null
  const isLimited = limit_requests !== null && limit_seconds !== null
  return {
    id,
    user,
    algorithm: row.algorithm as MacAlgorithm,
    label,
    created: Number(row.created),
    expires: timeOf(row, 'expires'),
    revoked: timeOf(row, 'revoked'),
    disabled: timeOf(row, 'disabled'),
    clockOffset: toNumber(row.clock_offset),
    scopes: Object.freeze(row.scopes === '' ? [] : row.scopes.split(' ')),
    rateLimit: isLimited
      ? { requests: Number(limit_requests), seconds: Number(limit_seconds) }
      : null,
    keyNumber: Number(row.key_number),
    rotated: timeOf(row, 'rotated'),
    oldKey: hasOld ? { algorithm: old_algorithm as MacAlgorithm, until } : null,
    removeAt: timeOf(row, 'remove_at'),
  }
}

/** Converts a column to a number: the caller's driver may return integers as bigints. */
export function toNumber(value: number | null): number | null {
  return value === null ? null : Number(value)
}

/** Returns a time of a row. It must be finite: every comparison with NaN is false, so it would never end. */
function timeOf(
  row: CredentialRow,
  column: 'expires' | 'revoked' | 'disabled' | 'old_until' | 'rotated' | 'remove_at',
): number | null {
  const time = toNumber(row[column])
  if (time === null || Number.isFinite(time)) return time
  throw unusable(row.id, column)
}

/** The error for a row that was changed by hand, so that its credential cannot be used. */
function unusable(id: unknown, column: string): MacError {
  const which = `The row of credential ${JSON.stringify(String(id))} in mac_credentials`
  return new MacError('ERR_MAC_STORE', `${which} has a value in ${column} that is not valid.`)
}

/**
 * Returns the credential of a row, with its keys opened. It does the same work with and without an old key.
 * @throws {@link MacError} `ERR_MAC_SEALED` if a key cannot be opened.
 */
export function withKeys(row: CredentialRow, sealer: KeySealer): StoredCredential {
  const credential = fromRow(row)
  const key = openKey(row, sealer)
  const old = openOldKey(row, sealer)
  const { oldKey } = credential
  return { ...credential, key, oldKey: oldKey && old !== null ? { ...oldKey, key: old } : null }
}

export function openKey(row: KeyRow, sealer: KeySealer): string {
  return openWritten(row.key, row.key_sealed_by, keyPlace(row), sealer)
}

/** Returns the old key of a row, or `null` after the same work. */
export function openOldKey(row: KeyRow, sealer: KeySealer): string | null {
  const { old_key, old_sealed_by } = row
  if (old_key !== null) return openWritten(old_key, old_sealed_by, oldKeyPlace(row), sealer)
  sealer.openNone()
  return null
}

/**
 * Returns the key that a column holds, sealed or not, with the same work for both. Whether it is sealed is
 * decided by the column beside it, not by what the text looks like.
 */
export function openWritten(
  text: string,
  by: string | null,
  place: KeyPlace,
  sealer: KeySealer,
): string {
  // Anybody could sign with an empty key.
  if (typeof text !== 'string' || text === '') throw unusable(place.id, 'key')
  if (by !== null) return sealer.open({ text, by }, place)
  sealer.openNone()
  return text
}

export function keyPlace({ id, key_number, algorithm }: KeyRow): KeyPlace {
  return { id, number: Number(key_number), algorithm: algorithm as MacAlgorithm }
}

/** The place of the old key of a row: the place it had as the current key. */
export function oldKeyPlace({ id, key_number, old_algorithm }: KeyRow): KeyPlace {
  return { id, number: Number(key_number) - 1, algorithm: old_algorithm as MacAlgorithm }
}

/** Returns the row of a new credential, with its keys sealed. */
export function newRow(credential: StoredCredential, sealer: KeySealer): Columns {
  const { id, algorithm, key, keyNumber: number, oldKey } = credential
  const sealed = sealer.seal(key, { id, number, algorithm })
  const row = { ...toColumns(credential), key: sealed.text, key_sealed_by: sealed.by }
  if (oldKey === null) return { ...row, ...NO_OLD_KEY }
  const place = { id, number: number - 1, algorithm: oldKey.algorithm }
  const old = sealer.seal(oldKey.key, place)
  return { ...row, ...termColumns(oldKey), old_key: old.text, old_sealed_by: old.by }
}

/**
 * Returns the columns that an edit changes. A key that stays is not touched. A key that becomes the old key
 * is moved as it is written, without being opened.
 */
export function editedColumns(
  row: CredentialRow,
  { credential, key }: Edited,
  sealer: KeySealer,
): Partial<Columns> {
  const { id, ...columns } = toColumns(credential)
  const { oldKey, keyNumber: number, algorithm } = credential
  const term = oldKey === null ? NO_OLD_KEY : termColumns(oldKey)
  if (key === undefined) return { ...columns, ...term }
  const sealed = sealer.seal(key, { id, number, algorithm })
  const written = { ...columns, ...term, key: sealed.text, key_sealed_by: sealed.by }
  if (oldKey === null) return written
  return { ...written, old_key: row.key, old_sealed_by: row.key_sealed_by }
}

function termColumns({ algorithm, until }: OldKeyTerm) {
  return { old_algorithm: algorithm, old_until: until }
}

/** Returns the columns of a credential, without those of its keys. */
function toColumns(credential: KeylessCredential) {
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
