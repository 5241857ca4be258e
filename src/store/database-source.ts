import type { Kysely } from 'kysely'
import type { DriverChoice } from './drivers/choose-driver.ts'
import type { MacDatabase } from './schema.ts'

/** A database as its URL names it. */
export interface DatabaseUrl {
  /** The path of the SQLite file, as it was written; `null` for a database in memory. */
  readonly path: string | null
  /** What opens it. */
  readonly driver: DriverChoice
}

/** Where the tables are: a database of ours, or a Kysely of the caller's own. */
export type DatabaseSource = DatabaseUrl | Kysely<MacDatabase>

/**
 * Reads the option `database`.
 * @throws TypeError that says what is supported.
 */
export function databaseSource(value: unknown): DatabaseSource {
  if (isKysely(value)) return checkKysely(value)
  if (typeof value === 'string') return parseDatabaseUrl(value)
  throw new TypeError('must be a URL such as "sqlite:mac.db", or a Kysely')
}

/**
 * What a database is called in messages to the operator: its URL as it was written, less what may be a
 * secret, or `kysely` for one of the caller's own.
 */
export function databaseLabel(source: DatabaseSource): string {
  if (!('path' in source)) return 'kysely'
  const { path, driver } = source
  return `${driver === 'own' ? 'sqlite' : driver}:${path ?? ':memory:'}`
}

/** What would hang or go astray later is refused now. */
function checkKysely(db: Kysely<MacDatabase>): Kysely<MacDatabase> {
  if (db.isTransaction) throw new TypeError('must be a Kysely, not a transaction of one')
  const plugins = db.getExecutor().plugins.map((plugin) => plugin.constructor.name)
  if (plugins.includes('WithSchemaPlugin')) {
    throw new TypeError('must be a Kysely without withSchema(): the tables go to the main schema')
  }
  return db
}

/** By its shape, since an application may bring a copy of Kysely of its own. */
function isKysely(value: unknown): value is Kysely<MacDatabase> {
  const shape = value as { executeQuery?: unknown; getExecutor?: unknown } | null
  return typeof shape?.executeQuery === 'function' && typeof shape.getExecutor === 'function'
}

/**
 * Reads `sqlite:path` and `sqlite::memory:`, and the same with `better-sqlite3:` for those who want
 * that library where the runtime has SQLite of its own. A relative path counts from the working
 * directory; `sqlite:///path` is taken for `sqlite:/path`. The path is not decoded.
 *
 * @throws TypeError that says what is supported.
 */
export function parseDatabaseUrl(url: string): DatabaseUrl {
  const match = /^(sqlite|better-sqlite3):(?:\/\/(?=\/))?(.+)$/is.exec(url)
  const [, scheme, path] = match ?? []
  if (scheme === undefined || path === undefined) {
    // Only the scheme is shown: what follows may hold a password.
    const given = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0] ?? 'it'
    throw new TypeError(
      `${given} is no database URL that can be used: write sqlite:path/to/file.db or sqlite::memory:`,
    )
  }
  const driver = scheme.toLowerCase() === 'sqlite' ? 'own' : 'better-sqlite3'
  if (path === ':memory:') return { path: null, driver }
  if (/[?#\p{Cc}]|^:[^:]*$/u.test(path)) {
    throw new TypeError(
      'a sqlite: URL takes a path alone, without ?parameters, #fragment or line ends',
    )
  }
  if (path.startsWith('//')) throw new TypeError('a sqlite: URL has no host: write sqlite:/path')
  return { path, driver }
}
