import type { Insertable } from 'kysely'
import type { MacAlgorithm } from '../protocol/algorithm.ts'
import { type CredentialRow, fromRow, toColumns, unusable } from './credential-row.ts'
import type { MacDatabase } from './schema.ts'
import type { KeyPlace, KeySealer, WrittenKey } from './sealing/key-sealer.ts'
import type { Edited, StoredCredential } from './types.ts'

type Columns = Insertable<MacDatabase['mac_credentials']>

type OldKeyColumn = 'old_key' | 'old_algorithm' | 'old_sealed_by' | 'old_until'

/** The columns of an old key where there is none. */
export const NO_OLD_KEY: Readonly<Record<OldKeyColumn, null>> = {
  old_key: null,
  old_algorithm: null,
  old_sealed_by: null,
  old_until: null,
}

/** What of a row has to do with its keys. */
export type KeyRow = Pick<
  CredentialRow,
  | 'id'
  | 'algorithm'
  | 'key'
  | 'key_sealed_by'
  | 'key_number'
  | 'old_key'
  | 'old_algorithm'
  | 'old_sealed_by'
>

/**
 * The credential of a row, its keys opened. It takes as long whether there is an old key or not.
 * @throws {@link MacError} `ERR_MAC_SEALED`
 */
export function withKeys(row: CredentialRow, sealer: KeySealer): StoredCredential {
  const credential = fromRow(row)
  const key = openKey(row, sealer)
  const old = openOldKey(row, sealer)
  const { oldKey } = credential
  return { ...credential, key, oldKey: oldKey && old !== null ? { ...oldKey, key: old } : null }
}

/** The current key of a row. */
export function openKey(row: KeyRow, sealer: KeySealer): string {
  return openWritten({ text: row.key, by: row.key_sealed_by }, keyPlace(row), sealer)
}

/** The old key of a row, or `null`, with as much work. */
export function openOldKey(row: KeyRow, sealer: KeySealer): string | null {
  const { old_key: text, old_sealed_by: by } = row
  if (text !== null) return openWritten({ text, by }, oldKeyPlace(row), sealer)
  sealer.openNone()
  return null
}

/**
 * A key as it was made, with the same work whether it is sealed or not. Which of the two is told by the
 * column beside it, not by what it looks like.
 */
export function openWritten({ text, by }: WrittenKey, place: KeyPlace, sealer: KeySealer): string {
  // To an empty key anybody could sign.
  if (typeof text !== 'string' || text === '') throw unusable(place.id, 'key')
  if (by !== null) return sealer.open({ text, by }, place)
  sealer.openNone()
  return text
}

/** Whose the current key of a row is. */
export function keyPlace({ id, key_number, algorithm }: KeyRow): KeyPlace {
  return { id, number: Number(key_number), algorithm: algorithm as MacAlgorithm }
}

/** Whose the old key of a row is. It has the place that it had as the current one. */
export function oldKeyPlace({ id, key_number, old_algorithm }: KeyRow): KeyPlace {
  return { id, number: Number(key_number) - 1, algorithm: old_algorithm as MacAlgorithm }
}

/** The row of a new credential, its keys sealed. */
export function newRow(credential: StoredCredential, sealer: KeySealer): Columns {
  const { id, algorithm, key, keyNumber: number, oldKey } = credential
  const sealed = sealer.seal(key, { id, number, algorithm })
  const row = { ...toColumns(credential), key: sealed.text, key_sealed_by: sealed.by }
  if (oldKey === null) return { ...row, ...NO_OLD_KEY }
  const place = { id, number: number - 1, algorithm: oldKey.algorithm }
  const old = sealer.seal(oldKey.key, place)
  return {
    ...row,
    ...{ old_key: old.text, old_sealed_by: old.by },
    ...{ old_algorithm: oldKey.algorithm, old_until: oldKey.until },
  }
}

/**
 * The columns that an edit changes. A key that stays is left as it is written, and one that becomes the
 * old one is moved as it is: for that it need not be opened.
 */
export function editedColumns(
  row: CredentialRow,
  { credential, key }: Edited,
  sealer: KeySealer,
): Partial<Columns> {
  const { id, ...columns } = toColumns(credential)
  const { oldKey, keyNumber: number, algorithm } = credential
  const term = oldKey && { old_algorithm: oldKey.algorithm, old_until: oldKey.until }
  if (key === undefined) return { ...columns, ...(term ?? NO_OLD_KEY) }
  const sealed = sealer.seal(key, { id, number, algorithm })
  const written = { key: sealed.text, key_sealed_by: sealed.by }
  if (term === null) return { ...columns, ...written, ...NO_OLD_KEY }
  return { ...columns, ...written, ...term, old_key: row.key, old_sealed_by: row.key_sealed_by }
}
