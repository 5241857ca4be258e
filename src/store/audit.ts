import type { Kysely } from 'kysely'
import { toNumber } from './credential-row.ts'
import type { MacDatabase } from './schema.ts'
import type { AuditAction, AuditFilter, AuditRow, KeylessCredential } from './types.ts'

interface Whose {
  readonly id: string
  readonly user: string
}

/** Writes down what was done to a credential. */
export async function writeAudit(
  db: Kysely<MacDatabase>,
  at: number,
  action: AuditAction,
  { id: credential, user }: Whose,
  detail: AuditRow['detail'],
): Promise<void> {
  const row = { at, action, credential, user, detail: JSON.stringify(detail) }
  await db.insertInto('mac_audit').values(row).execute()
}

/** Writes down the end of each key that a rotation has put an end to at once. */
export async function auditReplaced(
  db: Kysely<MacDatabase>,
  now: number,
  before: KeylessCredential,
  after: KeylessCredential,
): Promise<void> {
  const { oldKey, keyNumber } = before
  if (oldKey !== null) await auditRetired(db, now, before, keyNumber - 1, oldKey.until > now)
  if (after.oldKey === null) await auditRetired(db, now, before, keyNumber, true)
}

/**
 * Writes down the end of a key, and when it was last used. Its own last use stays where it is, and so
 * does the latest of all, which is that of the credential; what else is known of keys before it goes.
 *
 * @param endedEarly Whether a rotation ended it, and not its grace.
 */
export async function auditRetired(
  db: Kysely<MacDatabase>,
  now: number,
  { id, user }: Whose,
  number: number,
  endedEarly: boolean,
): Promise<void> {
  const uses = await db
    .selectFrom('mac_usage')
    .select(['key_number', 'used'])
    .where('credential', '=', id)
    .execute()
  const latest = Math.max(0, ...uses.map(({ used }) => Number(used)))
  const use = uses.find(({ key_number }) => Number(key_number) === number)
  await db
    .deleteFrom('mac_usage')
    .where('credential', '=', id)
    .where('key_number', '<', number)
    .where('used', '<', latest)
    .execute()
  const detail = { keyNumber: number, lastUsed: toNumber(use?.used ?? null), endedEarly }
  await writeAudit(db, now, 'retired', { id, user }, detail)
}

/** What was done to one credential or all, or to a user's, the latest first. */
export async function readAudit(
  db: Kysely<MacDatabase>,
  { credential, user, limit }: AuditFilter,
): Promise<AuditRow[]> {
  let query = db.selectFrom('mac_audit').selectAll().orderBy('number', 'desc').limit(limit)
  if (credential !== null) query = query.where('credential', '=', credential)
  if (user !== null) query = query.where('user', '=', user)
  return (await query.execute()).map((row) => ({
    ...row,
    number: Number(row.number),
    at: Number(row.at),
    action: row.action as AuditAction,
    detail: JSON.parse(row.detail) as AuditRow['detail'],
  }))
}
