import { type CompiledQuery, Kysely } from 'kysely'
import { searchCredentials } from '../../src/store/credential-search.ts'
import { openSqlite } from '../../src/store/drivers/choose-driver.ts'
import { migrate } from '../../src/store/migrations.ts'
import type { MacDatabase } from '../../src/store/schema.ts'
import type { CredentialSearch, StatusFilter } from '../../src/store/types.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { openDatabase } from '../support/sqlite.ts'

const NOW = 1_700_000_000
const CREDENTIALS = 2000
const STATUSES: readonly StatusFilter[] = [
  ...(['all', 'active', 'expiring', 'expired', 'disabled', 'revoked', 'machine'] as const),
]
/** The first page, a page in the middle, and one near the end. */
const PAGES: readonly CredentialSearch['before'][] = [
  ...[null, { created: NOW - 500_000, id: '' }, { created: NOW - 999_000, id: 'x' }],
]
const TEXTS = [null, '99999', 'user-7', 'matches nothing']

/** Opens a database with many credentials, and keeps the queries that are run on it. */
async function opened(path: string) {
  const queries: CompiledQuery[] = []
  const { dialect } = await openSqlite(path, 'own')
  const log = ({ query }: { readonly query: CompiledQuery }) => {
    queries.push(query)
  }
  const db = new Kysely<MacDatabase>({ dialect, log })
  await migrate(db)
  const file = openDatabase(path)
  file.exec(`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${CREDENTIALS})
    insert into mac_credentials (id, user, key, algorithm, label, created, expires, revoked, disabled,
      scopes, remove_at)
    select lower(hex(randomblob(12))), 'user-' || (i % 5000), hex(randomblob(32)), 'hmac-sha-256',
      'the laptop with number ' || i, ${NOW} - 10 * i, ${NOW} + (i % 60 - 30) * 86400,
      iif(i % 11 = 0, ${NOW}, null), iif(i % 13 = 0, ${NOW}, null), 'orders:read orders:write',
      iif(i % 5 = 0, ${NOW} + 864000, null) from n`)
  file.close()
  return { db, queries }
}

test('each page of a search comes from the covering index, and only the page itself is sorted', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const { db, queries } = await opened(path)
  for (const status of STATUSES) {
    for (const before of PAGES) {
      for (const text of TEXTS) {
        await searchCredentials(db, 'sqlite', { text, status, now: NOW, before, limit: 51 })
      }
    }
  }
  const file = openDatabase(path)
  const searches = queries.filter(({ sql }) => sql.includes('order by created desc'))
  expect(searches).toHaveLength(STATUSES.length * PAGES.length * TEXTS.length)
  for (const { sql, parameters } of searches) {
    const statement = file.prepare(`explain query plan ${sql}`)
    const plan = statement.all(...(parameters as string[])).map((row) => String(Object(row).detail))
    statement.finalize?.()
    expect(plan.join('\n')).toMatch(/(SCAN|SEARCH) \S+ USING COVERING INDEX mac_credentials_search/)
    // Only the page is sorted again, not all that match.
    const inner = plan.slice(
      0,
      plan.findIndex((detail) => detail.includes('SCAN (')),
    )
    expect(inner.join('\n')).not.toContain('TEMP B-TREE')
  }
  file.close()
  await db.destroy()
})
