import { Kysely } from 'kysely'
import { openSqlite } from '../../src/store/drivers/choose-driver.ts'
import type { MacDatabase } from '../../src/store/schema.ts'

/** How many nonces lie in a database file, seen through a connection of its own. */
export async function nonceRows(path: string): Promise<number> {
  const { dialect } = await openSqlite(path, 'own')
  const db = new Kysely<MacDatabase>({ dialect })
  try {
    const count = db.selectFrom('mac_nonces').select((build) => build.fn.countAll().as('rows'))
    return Number((await count.executeTakeFirstOrThrow()).rows)
  } finally {
    await db.destroy()
  }
}
