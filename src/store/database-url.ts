import type { Kysely } from 'kysely'
import type { DriverChoice } from './drivers/choose-driver.ts'
import type { MacDatabase } from './schema.ts'

/** A database as its URL names it. */
export interface DatabaseUrl {
  /** The path of the SQLite file, as it was written; `null` for a database in memory. */
  readonly path: string | null
  readonly driver: DriverChoice
}

/** Where the tables are: a database of ours, or a Kysely of the caller's own. */
export type DatabaseSource = DatabaseUrl | Kysely<MacDatabase>

const ALONE = 'withmac keeps its tables in SQLite alone'
const CLIENT = ` on SQLite: that is a client of another database, and ${ALONE}`
/** What is given in place of a URL or a Kysely, by a method that it has. */
const MISTAKEN = [
  ['createDriver', ': that is a dialect, so give new Kysely({ dialect })'],
  [
    'prepare',
    ': that is an open database of SQLite, so give the URL of its file, or a Kysely on it',
  ],
  ['query', CLIENT],
  ['getConnection', CLIENT],
] as const

/** What a Kysely makes of a query that ends in `where "name" = ?`, and what it writes then. */
const LANGUAGES = [
  [/`/, "MySQL's SQL"],
  [/= \$1$/, "PostgreSQL's SQL"],
  [/= @\w+$/, "SQL Server's SQL"],
  [/"name" = \?1?$/, null],
] as const

/**
 * Reads the option `database`. What would hang or go astray later is rejected.
 * @throws TypeError that says what is supported.
 */
export function databaseSource(value: unknown): DatabaseSource {
  if (typeof value === 'string') return parseDatabaseUrl(value)
  if (!isKysely(value)) {
    const given = (value ?? {}) as Readonly<Record<string, unknown>>
    const mistaken = MISTAKEN.find(([name]) => typeof given[name] === 'function')?.[1] ?? ''
    const why = value instanceof URL ? ': give the text of that URL, its href' : mistaken
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
    `must be a Kysely on SQLite: this one writes ${language}, and ${ALONE}. Give a URL such as ` +
      '"sqlite:mac.db", or a Kysely with SqliteDialect or another dialect of SQLite',
  )
}

/** By its shape, since an application may bring a copy of Kysely of its own. */
function isKysely(value: unknown): value is Kysely<MacDatabase> {
  const shape = value as { executeQuery?: unknown; getExecutor?: unknown } | null
  return typeof shape?.executeQuery === 'function' && typeof shape.getExecutor === 'function'
}

/**
 * What a Kysely writes that is not on SQLite; `null` if it may be. By what it makes of a query, since
 * dialects have classes of their own, and an application may have another copy of those of Kysely.
 */
function otherLanguage(db: Kysely<MacDatabase>): string | null {
  const query = db.withoutPlugins().selectFrom('mac_state').select('value')
  const { sql } = query.where('name', '=', 'nonce_floor').compile()
  const known = LANGUAGES.find(([ending]) => ending.test(sql))
  return known === undefined ? `another SQL (${sql})` : known[1]
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

/**
 * Reads `sqlite:path` and `sqlite::memory:`, and the same with `better-sqlite3:` for those who want
 * that library although the runtime has SQLite of its own. A relative path counts from the working
 * directory; `sqlite:///path` is taken for `sqlite:/path`. The path is not decoded.
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
      'a sqlite: URL takes a path alone, without ?parameters, #fragment or line ends',
    )
  }
  if (path.startsWith('//')) throw new TypeError('a sqlite: URL has no host: write sqlite:/path')
  return { path, driver }
}

/** What is wrong with a URL, and what to write. If it may hold a password, only its scheme is shown. */
function notAUrl(url: string): string {
  const write = 'write sqlite:path/to/file.db or sqlite::memory:'
  if (url === '') return `it is empty: ${write}`
  // As of a file: with a drive, if need be, and without what sets off a password.
  if (url === ':memory:' || /^(?:[a-z]:[\\/])?[\w./\\~ -]{1,200}$/i.test(url)) {
    return `${JSON.stringify(url)} is no URL: write ${JSON.stringify(`sqlite:${url}`)}`
  }
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0]
  const why =
    scheme === undefined || /^(?:file|sqlite|better-sqlite3):$/i.test(scheme)
      ? ''
      : `, since ${ALONE}`
  return `${scheme ?? 'it'} is no database URL that can be used${why}: ${write}`
}
