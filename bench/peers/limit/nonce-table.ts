import type { Durability } from '../../withmac.ts'

/** Inserts as many rows as it was made for, and gives how many of them were new. */
export type Insert = (parameters: readonly (string | number)[]) => number

/** A table of nonces, as near to SQLite as the runtime lets one come. */
export interface NonceTable {
  /** Prepares an insert of so many rows: ts, credential and nonce of each. */
  insert(rows: number): Insert
  close(): void
}

/** The layout and the settings of withmac's own table. */
const SETUP = (durability: Durability) => [
  'pragma journal_mode = wal',
  `pragma synchronous = ${durability}`,
  `create table mac_nonces (ts integer not null, credential text not null, nonce text not null,
    primary key (ts, credential, nonce)) strict, without rowid`,
]

/** Opens a new file with `bun:sqlite` or `node:sqlite`. */
export function openNonceTable(path: string, durability: Durability): NonceTable {
  const database = process.versions.bun === undefined ? onNode(path) : onBun(path)
  for (const statement of SETUP(durability)) database.exec(statement)
  return {
    insert: (rows) => database.prepare(insertOf(rows)),
    close: () => database.close(),
  }
}

function insertOf(rows: number): string {
  const values = Array.from({ length: rows }, () => '(?, ?, ?)').join(', ')
  return `insert into mac_nonces values ${values} on conflict do nothing returning nonce`
}

interface RawDatabase {
  exec(sql: string): void
  prepare(sql: string): Insert
  close(): void
}

function onBun(path: string): RawDatabase {
  const { Database } = process.getBuiltinModule(
    'bun:sqlite' as 'sqlite',
  ) as unknown as typeof import('bun:sqlite')
  const database = new Database(path, { create: true, readwrite: true })
  return {
    exec: (sql) => void database.run(sql),
    prepare: (sql) => {
      const statement = database.prepare(sql)
      // Rows as arrays: the cheapest that it has.
      return (parameters) => statement.values(...parameters).length
    },
    close: () => database.close(),
  }
}

function onNode(path: string): RawDatabase {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  const database = new DatabaseSync(path)
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => {
      const statement = database.prepare(sql)
      return (parameters) => statement.all(...parameters).length
    },
    close: () => database.close(),
  }
}
