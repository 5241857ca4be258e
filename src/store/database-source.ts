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
  throw new TypeError(notADatabase(value))
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
  const language = otherLanguage(db)
  if (language !== null) {
    throw new TypeError(
      `must be a Kysely on SQLite: this one writes ${language}, and withmac keeps its tables in SQLite ` +
        'alone. Give a URL such as "sqlite:mac.db", or a Kysely with SqliteDialect or another dialect of SQLite',
    )
  }
  return db
}

/**
 * What a Kysely writes that is not on SQLite; `null` where it may be. By what it makes of a query, since
 * dialects have classes of their own, and an application may have another copy of those of Kysely.
 */
function otherLanguage(db: Kysely<MacDatabase>): string | null {
  const query = db.withoutPlugins().selectFrom('mac_state').select('value')
  const { sql } = query.where('name', '=', 'nonce_floor').compile()
  if (sql.includes('`')) return "MySQL's SQL"
  if (/= \$1$/.test(sql)) return "PostgreSQL's SQL"
  if (/= @\w+$/.test(sql)) return "SQL Server's SQL"
  return /"name" = \?1?$/.test(sql) ? null : `another SQL (${sql})`
}

/** What was given in place of a URL or a Kysely, and what to do with it. */
function notADatabase(value: unknown): string {
  const rule = 'must be a URL such as "sqlite:mac.db", or a Kysely'
  const has = (name: string) =>
    typeof (value as Partial<Record<string, unknown>> | null)?.[name] === 'function'
  if (has('createDriver')) return `${rule}: that is a dialect, so give new Kysely({ dialect })`
  if (has('prepare')) {
    return `${rule}: that is an open database of SQLite, so give the URL of its file, or a Kysely on it`
  }
  if (has('query') || has('getConnection')) {
    return `${rule} on SQLite: that is a client of another database, and withmac keeps its tables in SQLite alone`
  }
  if (value instanceof URL) return `${rule}: give the text of that URL, its href`
  return rule
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
    throw new TypeError(notAUrl(url))
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

/** What is wrong with a URL, and what to write. Where it may hold a password, only its scheme is shown. */
function notAUrl(url: string): string {
  const write = 'write sqlite:path/to/file.db or sqlite::memory:'
  if (url === '') return `it is empty: ${write}`
  // As of a file: with a drive, if need be, and without what sets off a password.
  if (url === ':memory:' || /^(?:[a-z]:[\\/])?[\w./\\~ -]{1,200}$/i.test(url)) {
    return `${JSON.stringify(url)} is no URL: write ${JSON.stringify(`sqlite:${url}`)}`
  }
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0]
  if (scheme === undefined) return `it is no database URL that can be used: ${write}`
  const why = /^(?:file|sqlite|better-sqlite3):$/i.test(scheme)
    ? ''
    : ', since withmac keeps its tables in SQLite alone'
  return `${scheme} is no database URL that can be used${why}: ${write}`
}
