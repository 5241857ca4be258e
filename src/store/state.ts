import type { CompiledQuery, Kysely } from 'kysely'
import type { Row } from './connection.ts'
import type { MacDatabase, StateName } from './schema.ts'

/** The query for all of `mac_state`: see {@link stateOf}. */
export function allState(db: Kysely<MacDatabase>): CompiledQuery {
  return db.selectFrom('mac_state').selectAll().compile()
}

/** Returns the numbers by their names, from the rows of {@link allState}. */
export function stateOf(rows: readonly Row[]): ReadonlyMap<StateName, number> {
  return new Map(rows.map(({ name, value }) => [name as StateName, Number(value)]))
}

/** The query that sets a number. */
export function setState(db: Kysely<MacDatabase>, name: StateName, value: number): CompiledQuery {
  return db.updateTable('mac_state').set({ value }).where('name', '=', name).compile()
}

/** The query that raises a number. It does not lower it. */
export function raiseState(db: Kysely<MacDatabase>, name: StateName, value: number): CompiledQuery {
  return db
    .updateTable('mac_state')
    .set({ value })
    .where('name', '=', name)
    .where('value', '<', value)
    .compile()
}

/**
 * Returns a number that was read from `mac_state`. A missing row must not count as 0: without the floor, or
 * without the version of the credentials, requests would be accepted that must be rejected.
 *
 * @throws Error if the row is missing.
 */
export function present(name: StateName, value: unknown): number {
  if (value !== null && value !== undefined) return Number(value)
  throw new Error(
    `its table mac_state lacks the row ${name}, without which no request can be accepted safely. ` +
      'Restore the database from a backup, or start with a new database and new keys.',
  )
}
