import { type Kysely, sql } from 'kysely'
import type { MacDatabase } from '../schema.ts'

/**
 * Lets SQLite overwrite with zeros what is deleted or replaced, while some work is done: else the bytes
 * of a key stay in the file until something else takes their place.
 *
 * A connection of ours does so at all times; one of a caller's is left as it was.
 */
export async function securely<Result>(
  db: Kysely<MacDatabase>,
  work: () => Promise<Result>,
): Promise<Result> {
  const { rows } = await sql<{ secure_delete: number }>`pragma secure_delete`.execute(db)
  const before = Number(rows[0]?.secure_delete ?? 0)
  if (before === ON) return work()
  await set(db, ON)
  try {
    return await work()
  } finally {
    await set(db, before)
  }
}

const ON = 1

/** Its values: 0 for off, 1 for on, and 2 for what costs no writing of its own. */
async function set(db: Kysely<MacDatabase>, value: number): Promise<void> {
  await sql`pragma secure_delete = ${sql.raw(value === 2 ? 'fast' : String(value))}`.execute(db)
}
