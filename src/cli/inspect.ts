import type { SqliteHandle } from '../store/drivers/sqlite-handle.ts'
import type { StateName } from '../store/schema.ts'
import type { Place } from './database.ts'

/** A database as it is: opened without bringing its tables up to this version. */
export interface Inspected {
  /** The rows of a query, which must not write. */
  rows(sql: string, ...parameters: readonly unknown[]): readonly Readonly<Record<string, unknown>>[]
  /** The first value of the first row. */
  value(sql: string, ...parameters: readonly unknown[]): unknown
  /** One of the single numbers, or `null` where it is not there. */
  state(name: StateName): number | null
  readonly handle: SqliteHandle
  /** Its file; `null` where it is in memory. */
  readonly path: string | null
}

/** Looks into a database that is there. */
export async function withInspected<Result>(
  { file, driver }: Pick<Place, 'file' | 'driver'>,
  work: (inspected: Inspected) => Result | Promise<Result>,
): Promise<Result> {
  const { openSqlite } = await import('../store/drivers/choose-driver.ts')
  const handle = await openSqlite(file ?? ':memory:', driver)
  try {
    handle.exec('pragma busy_timeout = 2000')
    return await work(inspectedOf(handle, file))
  } finally {
    handle.close()
  }
}

function inspectedOf(handle: SqliteHandle, path: string | null): Inspected {
  const rows: Inspected['rows'] = (sql, ...parameters) => handle.all(sql, parameters)
  const value: Inspected['value'] = (sql, ...parameters) =>
    Object.values(rows(sql, ...parameters)[0] ?? {})[0]
  return {
    rows,
    value,
    handle,
    path,
    state(name) {
      const found = value('select value from mac_state where name = ?', name)
      return found === undefined ? null : Number(found)
    },
  }
}
