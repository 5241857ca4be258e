import type { Kysely } from 'kysely'
import type { DriverChoice } from './drivers/choose-driver.ts'
import type { MacDatabase } from './schema.ts'

/** A database that was given by a URL. */
export interface DatabaseUrl {
  /** The path of the SQLite file, as in the URL; `null` for a database in memory. */
  readonly path: string | null
  readonly driver: DriverChoice
}

/** Where the tables are: a database that withmac opens, or the caller's Kysely. */
export type DatabaseSource = DatabaseUrl | Kysely<MacDatabase>

const SQLITE_ONLY = 'withmac supports only SQLite'
const CLIENT = ` on SQLite: this is a client of another database, and ${SQLITE_ONLY}`
/** Values that are passed by mistake, recognized by a method. */
const MISTAKEN = [
  ['createDriver', ': this is a dialect, so pass new Kysely({ dialect })'],
  [
    'prepare',
    ': this is an open SQLite database, so pass the URL of its file, or a Kysely that uses it',
  ],
  ['query', CLIENT],
  ['getConnection', CLIENT],
] as const

/** How the SQL of a query that ends in `where "name" = ?` looks, and which SQL that is; `null` for SQLite. */
const LANGUAGES = [
  [/`/, "MySQL's SQL"],
  [/= \$1$/, "PostgreSQL's SQL"],
  [/= @\w+$/, "SQL Server's SQL"],
  [/"name" = \?1?$/, null],
] as const

/**
 * Reads the option `database`. It rejects a Kysely that would hang, or use other tables, later.
 * @throws TypeError that says what is supported.
 */
export function databaseSource(value: unknown): DatabaseSource {
  if (typeof value === 'string') return parseDatabaseUrl(value)
  if (!isKysely(value)) {
    const given = (value ?? {}) as Readonly<Record<string, unknown>>
    const mistaken = MISTAKEN.find(([name]) => typeof given[name] === 'function')?.[1] ?? ''
    const why = value instanceof URL ? ': pass the text of this URL, its href' : mistaken
    throw new TypeError(`must be a URL such as "sqlite:mac.db", or a Kysely${why}`)
  }
  if (value.isTransaction) throw new TypeError('must be a Kysely, not a transaction of one')
  const plugins = value.getExecutor().plugins.map((plugin) => plugin.constructor.name)
  if (plugins.includes('WithSchemaPlugin')) {
    throw new TypeError('must be a Kysely without withSchema(): the tables go to the main schema')
  }
  const language = otherLanguage(value)
  if (language === null) return value
  throw new TypeError(
    `must be a Kysely on SQLite: this one writes ${language}, and ${SQLITE_ONLY}. Pass a URL such as ` +
      '"sqlite:mac.db", or a Kysely with SqliteDialect or another dialect of SQLite',
  )
}

/** Checks the shape, because an application may have its own copy of Kysely. */
function isKysely(value: unknown): value is Kysely<MacDatabase> {
  const shape = value as { executeQuery?: unknown; getExecutor?: unknown } | null
  return typeof shape?.executeQuery === 'function' && typeof shape.getExecutor === 'function'
}

/**
 * Returns which SQL a Kysely writes; `null` if it may be that of SQLite. It looks at a compiled query,
 * because other dialects have their own classes, and an application may have its own copy of Kysely.
 */
function otherLanguage(db: Kysely<MacDatabase>): string | null {
  const query = db.withoutPlugins().selectFrom('mac_state').select('value')
  const { sql } = query.where('name', '=', 'nonce_floor').compile()
  const known = LANGUAGES.find(([ending]) => ending.test(sql))
  return known === undefined ? `another SQL (${sql})` : known[1]
}

/**
 * Returns the name of a database for diagnostic messages: its URL, or `kysely` for the caller's Kysely. It
 * contains no secret.
 */
export function databaseLabel(source: DatabaseSource): string {
  if (!('path' in source)) return 'kysely'
  const { path, driver } = source
  return `${driver === 'own' ? 'sqlite' : driver}:${path ?? ':memory:'}`
}

/**
 * Reads `sqlite:path` and `sqlite::memory:`. With `better-sqlite3:` instead, that library is used even if
 * the runtime has its own SQLite. A relative path starts at the working directory. `sqlite:///path` is read
 * as `sqlite:/path`. The path is not decoded.
 *
 * @throws TypeError that says what is supported.
 */
export function parseDatabaseUrl(url: string): DatabaseUrl {
  const match = /^(sqlite|better-sqlite3):(?:\/\/(?=\/))?(.+)$/is.exec(url)
  const [, scheme, path] = match ?? []
  if (scheme === undefined || path === undefined) throw new TypeError(notAUrl(url))
  const driver = scheme.toLowerCase() === 'sqlite' ? 'own' : 'better-sqlite3'
  if (path === ':memory:') return { path: null, driver }
  if (/[?#\p{Cc}]|^:[^:]*$/u.test(path)) {
    throw new TypeError(
      'a sqlite: URL has only a path, without ?parameters, #fragment or line ends',
    )
  }
  if (path.startsWith('//')) throw new TypeError('a sqlite: URL has no host: write sqlite:/path')
  return { path, driver }
}

/**
 * Says what is wrong with a URL, and what to write. If it may contain a password, only its scheme is
 * shown.
 */
function notAUrl(url: string): string {
  const write = 'write sqlite:path/to/file.db or sqlite::memory:'
  if (url === '') return `it is empty: ${write}`
  // Looks like a file: perhaps with a drive, and without the characters that separate a password.
  if (url === ':memory:' || /^(?:[a-z]:[\\/])?[\w./\\~ -]{1,200}$/i.test(url)) {
    return `${JSON.stringify(url)} is not a URL: write ${JSON.stringify(`sqlite:${url}`)}`
  }
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0]
  const why =
    scheme === undefined || /^(?:file|sqlite|better-sqlite3):$/i.test(scheme)
      ? ''
      : `, because ${SQLITE_ONLY}`
  return `${scheme ?? 'it'} is not a supported database URL${why}: ${write}`
}
