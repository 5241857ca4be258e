import { openDatabase, rowsOf } from './sqlite.ts'

/** All that is in a database file. */
export interface DatabaseContent {
  /** Tables, indexes and triggers, as they were declared. */
  readonly schema: readonly unknown[][]
  /** All rows, by the names of the tables. */
  readonly rows: Readonly<Record<string, readonly unknown[][]>>
  /** What SQLite finds wrong with it: `ok` for nothing. */
  readonly integrity: unknown
}

/** Reads all of a database file, past the library. */
export function databaseContent(path: string): DatabaseContent {
  const database = openDatabase(path)
  try {
    const schema = rowsOf(
      database,
      'select type, name, tbl_name, sql from sqlite_master order by 1, 2',
    )
    const tables = schema.filter(([type]) => type === 'table').map(([, name]) => String(name))
    const rows = tables.map((name) => [name, rowsOf(database, `select * from ${name}`)] as const)
    const [[integrity] = []] = rowsOf(database, 'pragma integrity_check')
    return { schema, rows: Object.fromEntries(rows), integrity }
  } finally {
    database.close()
  }
}
