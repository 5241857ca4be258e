import type { Kysely } from 'kysely'
import { writeAudit } from './audit.ts'
import { toNumber } from './credential-row.ts'
import { NO_OLD_KEY } from './key-columns.ts'
import type { MacDatabase } from './schema.ts'
import type { KeylessCredential } from './types.ts'

interface Whose {
  readonly id: string
  readonly user: string
}

/** Removes the old key of a credential. */
export async function removeOldKey(db: Kysely<MacDatabase>, id: string): Promise<void> {
  await db.updateTable('mac_credentials').set(NO_OLD_KEY).where('id', '=', id).execute()
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
  const [use] = await db
    .selectFrom('mac_usage')
    .select('used')
    .where('credential', '=', id)
    .where('key_number', '=', number)
    .execute()
  await db
    .deleteFrom('mac_usage')
    .where('credential', '=', id)
    .where('key_number', '<', number)
    .where('used', '<', (query) =>
      query
        .selectFrom('mac_usage as any')
        .select((build) => build.fn.max('any.used').as('latest'))
        .where('any.credential', '=', id),
    )
    .execute()
  const detail = { keyNumber: number, lastUsed: toNumber(use?.used ?? null), endedEarly }
  await writeAudit(db, now, 'retired', { id, user }, detail)
}
