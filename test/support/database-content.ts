import { openDatabase, rowsOf } from './sqlite.ts'

/** The whole content of a database file. */
export interface DatabaseContent {
  /** Tables, indexes and triggers, with the SQL that created them. */
  readonly schema: readonly unknown[][]
  /** All rows, by table. */
  readonly rows: Readonly<Record<string, readonly unknown[][]>>
  /** The result of SQLite's integrity check: `ok`, or what is wrong. */
  readonly integrity: unknown
}

/** Reads a whole database file without the library. */
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
