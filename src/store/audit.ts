import type { Kysely } from 'kysely'
import type { MacDatabase } from './schema.ts'
import type { AuditAction, AuditFilter, AuditRow, KeylessCredential } from './types.ts'

/** Writes down what was done to a credential. */
export async function writeAudit(
  db: Kysely<MacDatabase>,
  at: number,
  action: AuditAction,
  { id: credential, user }: { readonly id: string; readonly user: string },
  detail: Readonly<Record<string, unknown>>,
): Promise<void> {
  const row = { at, action, credential, user, detail: JSON.stringify(detail) }
  await db.insertInto('mac_audit').values(row).execute()
}

/** What is worth knowing of a credential that is deleted. */
export function lastWords(
  credential: KeylessCredential,
  used: ReadonlyMap<number, number>,
): Detail {
  const { label, created, expires, revoked, disabled, scopes, keyNumber } = credential
  const lastUsed = used.size === 0 ? null : Math.max(...used.values())
  return { label, created, expires, revoked, disabled, scopes, keyNumber, lastUsed }
}

type Detail = Readonly<Record<string, unknown>>

/** What was done to one credential or all, or to a user's, the latest first. */
export async function readAudit(
  db: Kysely<MacDatabase>,
  { credential, user, limit }: AuditFilter,
): Promise<AuditRow[]> {
  let query = db.selectFrom('mac_audit').selectAll().orderBy('number', 'desc').limit(limit)
  if (credential !== null) query = query.where('credential', '=', credential)
  if (user !== null) query = query.where('user', '=', user)
  return (await query.execute()).map((row) => ({
    number: Number(row.number),
    at: Number(row.at),
    action: row.action as AuditAction,
    credential: row.credential,
    user: row.user,
    detail: JSON.parse(row.detail) as Detail,
  }))
}
