import type { CompiledQuery, Kysely } from 'kysely'
import type { Row } from './connection.ts'
import type { MacDatabase, StateName } from './schema.ts'

/** Reads all of `mac_state`: see {@link stateOf}. */
export function allState(db: Kysely<MacDatabase>): CompiledQuery {
  return db.selectFrom('mac_state').selectAll().compile()
}

/** The numbers by their names, from the rows of {@link allState}. */
export function stateOf(rows: readonly Row[]): ReadonlyMap<StateName, number> {
  return new Map(rows.map(({ name, value }) => [name as StateName, Number(value)]))
}

/** Sets a number. */
export function setState(db: Kysely<MacDatabase>, name: StateName, value: number): CompiledQuery {
  return db.updateTable('mac_state').set({ value }).where('name', '=', name).compile()
}

/** Raises a number, unless it is as high already. */
export function raiseState(db: Kysely<MacDatabase>, name: StateName, value: number): CompiledQuery {
  return db
    .updateTable('mac_state')
    .set({ value })
    .where('name', '=', name)
    .where('value', '<', value)
    .compile()
}

/**
 * A number that a statement took out of `mac_state`. One that is gone must not count as 0: the floor
 * under timestamps and the version of credentials keep people out.
 *
 * @throws Error where it is not there.
 */
export function present(name: StateName, value: unknown): number {
  if (value !== null && value !== undefined) return Number(value)
  throw new Error(
    `its table mac_state lacks the row ${name}, without which nobody can be let in safely. ` +
      'Restore the database from a backup, or begin with a new one and new keys.',
  )
}
