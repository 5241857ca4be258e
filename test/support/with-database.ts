import { Kysely } from 'kysely'
import { openSqlite } from '../../src/store/drivers/choose-driver.ts'
import type { MacDatabase } from '../../src/store/schema.ts'

/** Runs `work` on a database file, through a separate connection. */
export async function withDatabase<Result>(
  path: string,
  work: (db: Kysely<MacDatabase>) => Promise<Result>,
): Promise<Result> {
  const { dialect } = await openSqlite(path, 'own')
  const db = new Kysely<MacDatabase>({ dialect })
  try {
    return await work(db)
  } finally {
    await db.destroy()
  }
}
