import type { Insertable, Selectable } from 'kysely'
import { MacError } from '../errors.ts'
import type { MacAlgorithm } from '../protocol/algorithm.ts'
import type { MacDatabase } from './schema.ts'
import type { KeylessCredential, OldKeyTerm } from './types.ts'

/** A row of `mac_credentials`. */
export type CredentialRow = Selectable<MacDatabase['mac_credentials']>
/** The columns of one that hold no key, nor tell of one. */
export type KeylessColumns = Omit<
  Insertable<MacDatabase['mac_credentials']>,
  'key' | 'key_sealed_by' | 'old_key' | 'old_algorithm' | 'old_sealed_by' | 'old_until'
>

type MomentColumn = 'expires' | 'revoked' | 'disabled' | 'old_until' | 'rotated' | 'remove_at'

/**
 * The credential of a row. Its keys are not opened.
 * @throws {@link MacError} `ERR_MAC_STORE` where the row is none of ours.
 */
export function fromRow(row: CredentialRow): KeylessCredential {
  const { id, user, label } = row
  return {
    id,
    user,
    algorithm: row.algorithm as MacAlgorithm,
    label,
    created: Number(row.created),
    expires: momentOf(row, 'expires'),
    revoked: momentOf(row, 'revoked'),
    disabled: momentOf(row, 'disabled'),
    clockOffset: toNumber(row.clock_offset),
    scopes: Object.freeze(row.scopes === '' ? [] : row.scopes.split(' ')),
    rateLimit: rateLimitOf(row),
    keyNumber: Number(row.key_number),
    rotated: momentOf(row, 'rotated'),
    oldKey: oldKeyOf(row),
    removeAt: momentOf(row, 'remove_at'),
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

/** What is told of a row with which something was done by hand, and by which nobody can be let in. */
export function unusable(id: unknown, column: string): MacError {
  const which = `The row of credential ${JSON.stringify(String(id))} in mac_credentials`
  return new MacError('ERR_MAC_STORE', `${which} has no ${column} that can be used.`)
}

/** A moment, which must be one: nothing is later than what is no number. */
function momentOf(row: CredentialRow, column: MomentColumn): number | null {
  const moment = toNumber(row[column])
  if (moment === null || Number.isFinite(moment)) return moment
  throw unusable(row.id, column)
}

function rateLimitOf({ limit_requests: requests, limit_seconds: seconds }: CredentialRow) {
  if (requests === null || seconds === null) return null
  return { requests: Number(requests), seconds: Number(seconds) }
}

function oldKeyOf(row: CredentialRow): OldKeyTerm | null {
  const { old_key: text, old_algorithm } = row
  const until = momentOf(row, 'old_until')
  if (text === null || old_algorithm === null || until === null) return null
  return { algorithm: old_algorithm as MacAlgorithm, until }
}
