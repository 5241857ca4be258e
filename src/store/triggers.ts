import { type Kysely, sql } from 'kysely'
import { immediately } from './immediately.ts'
import type { MacDatabase } from './schema.ts'

/** When the version of the credentials changes, by the names of the triggers that see to it. */
const TRIGGERS = {
  mac_credentials_updated: sql`after update on mac_credentials`,
  mac_credentials_deleted: sql`after delete on mac_credentials`,
  // SQLite does not call it a deletion where `replace` puts one row in the place of another.
  mac_credentials_overwritten: sql`before insert on mac_credentials
    when exists (select 1 from mac_credentials where id = new.id)`,
}

/** The names of the triggers. */
export const TRIGGER_NAMES: readonly string[] = Object.keys(TRIGGERS)

/** Gives the credentials a new version. The triggers do so as well, as long as they are there. */
export async function drawVersion(db: Kysely<MacDatabase>): Promise<void> {
  await NEW_VERSION.execute(db)
}

/**
 * A new version is drawn at random, of 52 bits, rather than counted: what is restored from a backup
 * and changed then would come to the same count, and look unchanged to a process at work.
 */
const NEW_VERSION = sql`update mac_state set value = random() & ${sql.lit(2 ** 52 - 1)}
  where name = 'credentials_mark'`

/**
 * Sets up the triggers that give the credentials a new version with every change of one, so that what
 * a process remembers of one can be held against it. Being triggers, they see what is changed by hand
 * as well. A credential that is added changes nothing that anybody remembers.
 *
 * Looked for at each opening: whoever rebuilds the table by hand loses them without a word.
 */
export async function setUpTriggers(db: Kysely<MacDatabase>): Promise<void> {
  const { rows } = await sql`select name from sqlite_master
    where type = 'trigger' and name in (${sql.join(TRIGGER_NAMES)})`.execute(db)
  if (rows.length < TRIGGER_NAMES.length) await immediately(db, createTriggers)
}

/** Creates those that are not there. Nobody knows what was changed without them. */
export async function createTriggers(locked: Kysely<MacDatabase>): Promise<void> {
  for (const [name, when] of Object.entries(TRIGGERS)) {
    const trigger = sql`${sql.ref(name)} ${when} begin ${NEW_VERSION}; end`
    await sql`create trigger if not exists ${trigger}`.execute(locked)
  }
  await drawVersion(locked)
}
