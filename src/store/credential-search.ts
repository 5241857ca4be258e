import { type Kysely, type RawBuilder, sql } from 'kysely'
import { type CredentialRow, fromRow } from './credential-row.ts'
import type { MacDatabase } from './schema.ts'
import { type Language, SQL } from './sql-language.ts'
import type { CredentialSearch, KeylessCredential, StatusFilter } from './types.ts'

/** How soon a credential ends that counts as expiring, in seconds. */
const SOON = 7 * 86_400

/** No identifier, label or user is longer. */
const LONGEST_TEXT = 1024

/** The conditions for a status. Revoked wins over disabled, and disabled over expired. */
const CONDITIONS: Readonly<Record<StatusFilter, (now: number) => RawBuilder<unknown>>> = {
  all: () => sql`true`,
  active: (now) =>
    sql`revoked is null and disabled is null and (expires is null or expires > ${now})`,
  expiring: (now) =>
    sql`revoked is null and disabled is null and expires > ${now} and expires <= ${now + SOON}`,
  expired: (now) => sql`revoked is null and disabled is null and expires <= ${now}`,
  disabled: () => sql`revoked is null and disabled is not null`,
  revoked: () => sql`revoked is not null`,
  machine: () => sql`remove_at is not null`,
}

/**
 * Returns one page of the credentials that match, newest first.
 *
 * The inner query finds the identifiers. It reads nothing but the index `mac_credentials_search`, which has
 * all columns that it compares. So a text that no credential has takes a few milliseconds for 100,000.
 */
export async function searchCredentials(
  db: Kysely<MacDatabase>,
  language: Language,
  { text, status, now, before, limit }: CredentialSearch,
): Promise<KeylessCredential[]> {
  if (text !== null && text.length > LONGEST_TEXT) return []
  const conditions = [CONDITIONS[status](now)]
  if (text !== null && text !== '') conditions.push(containing(text, language))
  if (before !== null) conditions.push(sql`(created, id) < (${before.created}, ${before.id})`)
  const query = sql<CredentialRow>`select mac_credentials.* from (
      select id as found from mac_credentials where ${sql.join(conditions, sql` and `)}
      order by created desc, id desc limit ${limit}) as page
    join mac_credentials on mac_credentials.id = found
    order by mac_credentials.created desc, mac_credentials.id desc`
  return (await query.execute(db)).rows.map(fromRow)
}

/** Wildcards in the text are escaped. */
function containing(text: string, language: Language): RawBuilder<unknown> {
  const pattern = `%${text.replace(/[%_\\]/g, '\\$&')}%`
  const like = sql.raw(SQL[language].like)
  const columns = ['id', 'user', 'label'].map(
    (name) => sql`${sql.ref(name)} ${like} ${pattern} escape '\\'`,
  )
  return sql`(${sql.join(columns, sql` or `)})`
}
