import { type Kysely, sql } from 'kysely'
import { createKeyIndex } from './find-credential.ts'
import { immediately } from './immediately.ts'
import { MIGRATIONS, SCHEMA_VERSION } from './migrations.ts'
import type { MacDatabase } from './schema.ts'
import { createTriggers } from './triggers.ts'

/**
 * Brings the tables up to the version of this code. Each step is run once, however many processes
 * start at the same time: the write lock is taken before the version is looked at.
 *
 * @throws Error where the tables are newer than this code.
 */
export async function migrate(db: Kysely<MacDatabase>): Promise<void> {
  if ((await schemaVersion(db)) === SCHEMA_VERSION) return
  await immediately(db, async (locked) => {
    await locked.schema
      .createTable('mac_schema')
      .ifNotExists()
      .addColumn('version', 'integer', (column) => column.primaryKey().notNull())
      .execute()
    const version = await schemaVersion(locked)
    if (version > SCHEMA_VERSION) {
      throw new Error(
        `its tables have version ${version}, and this withmac knows versions up to ` +
          `${SCHEMA_VERSION}. Install the withmac that wrote them, or a newer one.`,
      )
    }
    for (const migration of MIGRATIONS) {
      if (migration.version <= version) continue
      await migration.up(locked)
      await locked.insertInto('mac_schema').values({ version: migration.version }).execute()
    }
    await createTriggers(locked)
    await createKeyIndex(locked)
  })
}

/** The version of the tables that are there; 0 where there are none. */
async function schemaVersion(db: Kysely<MacDatabase>): Promise<number> {
  const tables = await sql`select name from sqlite_master where name = 'mac_schema'`.execute(db)
  if (tables.rows.length === 0) return 0
  const row = await db
    .selectFrom('mac_schema')
    .select((build) => build.fn.max('version').as('version'))
    .executeTakeFirst()
  return Number(row?.version ?? 0)
}
