/** A SQLite file, as near to SQLite as the runtime lets one come. */
export interface RawDatabase {
  exec(sql: string): void
  /** Prepares a statement; running it gives how many rows it changed. */
  prepare(sql: string): (...parameters: readonly Value[]) => number
  /** The rows of a query. */
  all(sql: string): readonly Readonly<Record<string, unknown>>[]
  close(): void
}

type Value = string | number | Uint8Array

/** What both drivers have in common. */
interface Driver {
  exec(sql: string): unknown
  prepare(sql: string): {
    run(...parameters: readonly Value[]): { readonly changes: number | bigint }
    all(): unknown
  }
  close(): void
}

/**
 * Opens a file with `bun:sqlite` or `node:sqlite`, its log ahead of it.
 *
 * @param synchronous `full` syncs within each commit; `normal` leaves that to checkpoints.
 */
export function openRaw(path: string, synchronous: 'full' | 'normal' | 'off'): RawDatabase {
  const driver = openDriver(path)
  driver.exec('pragma journal_mode = wal')
  driver.exec(`pragma synchronous = ${synchronous}`)
  return {
    exec: (sql) => void driver.exec(sql),
    prepare: (sql) => {
      const statement = driver.prepare(sql)
      return (...parameters) => Number(statement.run(...parameters).changes)
    },
    all: (sql) => driver.prepare(sql).all() as ReturnType<RawDatabase['all']>,
    close: () => driver.close(),
  }
}

/** The runtime's own database: better-auth takes the one or the other. */
export function openDriver(path: string): Driver {
  if (process.versions.bun === undefined) {
    return new (process.getBuiltinModule('node:sqlite').DatabaseSync)(path) as unknown as Driver
  }
  const module = process.getBuiltinModule('bun:sqlite' as 'sqlite') as unknown
  const { Database } = module as typeof import('bun:sqlite')
  return new Database(path, { create: true, readwrite: true }) as unknown as Driver
}
