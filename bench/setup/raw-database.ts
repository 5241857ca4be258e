/** A SQLite file, opened with the driver of the runtime and without any library. */
export interface RawDatabase {
  exec(sql: string): void
  /** Prepares a statement. @returns A function that runs it and returns how many rows it changed. */
  prepare(sql: string): (...parameters: readonly Value[]) => number
  /** @returns The rows of a query. */
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
 * Opens a file with `bun:sqlite` or `node:sqlite`, with a write-ahead log.
 *
 * @param synchronous `full` syncs in each commit. `normal` syncs only in checkpoints.
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

/** Opens the database class of the runtime, which better-auth accepts too. */
export function openDriver(path: string): Driver {
  if (process.versions.bun === undefined) {
    return new (process.getBuiltinModule('node:sqlite').DatabaseSync)(path) as unknown as Driver
  }
  const module = process.getBuiltinModule('bun:sqlite' as 'sqlite') as unknown
  const { Database } = module as typeof import('bun:sqlite')
  return new Database(path, { create: true, readwrite: true }) as unknown as Driver
}
