import { type Kysely, sql } from 'kysely'
import { drawVersion } from './migrations.ts'
import { auditRetired, removeOldKey } from './retired-keys.ts'
import type { MacDatabase } from './schema.ts'
import { forgetUsage } from './usage/usage.ts'

/** How many credentials are removed in one transaction. */
const AT_ONCE = 256

/** Whether there are old keys whose grace has ended, or credentials that are to go. */
export async function isSweepDue(db: Kysely<MacDatabase>, now: number): Promise<boolean> {
  const { rows } = await sql`select 1 where
    exists (select 1 from mac_credentials where old_until <= ${now}) or
    exists (select 1 from mac_credentials where remove_at <= ${now})`.execute(db)
  return rows.length > 0
}

/** Removes old keys whose grace has ended, and credentials that are to go; tells how many of both. */
export async function sweepCredentials(db: Kysely<MacDatabase>, now: number): Promise<number> {
  const retired = await db
    .selectFrom('mac_credentials')
    .select(['id', 'user', 'key_number'])
    .where('old_until', '<=', now)
    .limit(AT_ONCE)
    .execute()
  for (const { id, user, key_number } of retired) {
    await removeOldKey(db, id)
    await auditRetired(db, now, { id, user }, Number(key_number) - 1, false)
  }
  const gone = await db
    .selectFrom('mac_credentials')
    .select('id')
    .where('remove_at', '<=', now)
    .orderBy('remove_at')
    .limit(AT_ONCE)
    .execute()
  await removeCredentials(
    db,
    gone.map(({ id }) => id),
  )
  await drawVersion(db)
  return retired.length + gone.length
}

/** Removes credentials and what is known of their use, but not their nonces. */
export async function removeCredentials(
  db: Kysely<MacDatabase>,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return
  await db.deleteFrom('mac_credentials').where('id', 'in', ids).execute()
  await forgetUsage(db, ids)
}
