import type { Kysely, PostgresPool } from 'kysely'
import type { DriverChoice } from './drivers/choose-driver.ts'
import type { MacDatabase } from './schema.ts'

/** A SQLite database that was given by a URL. */
export interface DatabaseUrl {
  /** The path of the SQLite file, as in the URL; `null` for a database in memory. */
  readonly path: string | null
  readonly driver: DriverChoice
}

/** A PostgreSQL database that was given by a URL. */
export interface PostgresUrl {
  /** The URL, as it was written. It may contain a password. */
  readonly url: string
}

/** The caller's pool of connections to PostgreSQL, from the package `pg`. */
export interface PoolSource {
  readonly pool: PostgresPool
}

/** The caller's Kysely. */
export interface KyselySource {
  readonly kysely: Kysely<MacDatabase>
  readonly language: 'sqlite' | 'postgres'
}

/** Where the tables are: a database that withmac opens, or the caller's pool or Kysely. */
export type DatabaseSource = DatabaseUrl | PostgresUrl | PoolSource | KyselySource

const ENGINES = 'withmac supports SQLite and PostgreSQL'
const CLIENT = `: this is a client of another database, and ${ENGINES}`
/** Values that are passed by mistake, recognized by a method. */
const MISTAKEN = [
  ['createDriver', ': this is a dialect, so pass new Kysely({ dialect })'],
  [
    'prepare',
    ': this is an open SQLite database, so pass the URL of its file, or a Kysely that uses it',
  ],
  [
    'escapeIdentifier',
    ': this is a single client of pg, which has one connection, so pass a Pool, or the URL',
  ],
  ['query', CLIENT],
  ['getConnection', CLIENT],
] as const

/** How the SQL of a query that ends in `where "name" = ?` looks, and which SQL that is. */
const LANGUAGES = [
  [/`/, "MySQL's SQL"],
  [/= @\w+$/, "SQL Server's SQL"],
  [/"name" = \?1?$/, 'sqlite'],
  [/"name" = \$1$/, 'postgres'],
] as const

/**
 * Reads the option `database`. It rejects a Kysely that would hang, or use other tables, later.
 * @throws TypeError that says what is supported.
 */
export function databaseSource(value: unknown): DatabaseSource {
  if (typeof value === 'string') return parseDatabaseUrl(value)
  if (isPool(value)) return { pool: value }
  if (!isKysely(value)) {
    const given = (value ?? {}) as Readonly<Record<string, unknown>>
    const mistaken = MISTAKEN.find(([name]) => typeof given[name] === 'function')?.[1] ?? ''
    const why = value instanceof URL ? ': pass the text of this URL, its href' : mistaken
    throw new TypeError(
      `must be a URL such as "sqlite:mac.db" or "postgres://…", a Kysely, or a Pool of pg${why}`,
    )
  }
  if (value.isTransaction) throw new TypeError('must be a Kysely, not a transaction of one')
  const plugins = value.getExecutor().plugins.map((plugin) => plugin.constructor.name)
  if (plugins.includes('WithSchemaPlugin')) {
    throw new TypeError('must be a Kysely without withSchema(): the tables go to the main schema')
  }
  const language = languageOf(value)
  if (language === 'sqlite' || language === 'postgres') return { kysely: value, language }
  throw new TypeError(
    `must be a Kysely on SQLite or PostgreSQL: this one writes ${language}, and ${ENGINES}. Pass a URL such ` +
      'as "sqlite:mac.db", or a Kysely with SqliteDialect, PostgresDialect, or another dialect of the two',
  )
}

/** A Pool of pg has a client for each query; a single client has `escapeIdentifier`. */
function isPool(value: unknown): value is PostgresPool {
  const shape = value as Readonly<Record<string, unknown>> | null
  return (
    typeof shape?.connect === 'function' &&
    typeof shape.query === 'function' &&
    typeof shape.totalCount === 'number'
  )
}

/** Checks the shape, because an application may have its own copy of Kysely. */
function isKysely(value: unknown): value is Kysely<MacDatabase> {
  const shape = value as { executeQuery?: unknown; getExecutor?: unknown } | null
  return typeof shape?.executeQuery === 'function' && typeof shape.getExecutor === 'function'
}

/**
 * Returns which SQL a Kysely writes. It looks at a compiled query, because other dialects have their own
 * classes, and an application may have its own copy of Kysely.
 */
function languageOf(db: Kysely<MacDatabase>): string {
  const query = db.withoutPlugins().selectFrom('mac_state').select('value')
  const { sql } = query.where('name', '=', 'nonce_floor').compile()
  return LANGUAGES.find(([ending]) => ending.test(sql))?.[1] ?? `another SQL (${sql})`
}

/** Whether a database is SQLite, which runs in this process. */
export function isSqlite(source: DatabaseSource): source is DatabaseUrl | KyselySource {
  return 'path' in source || ('kysely' in source && source.language === 'sqlite')
}

/**
 * Returns the name of a database for diagnostic messages: its URL without a password, `pg` for the caller's
 * pool, or `kysely` for the caller's Kysely. It contains no secret.
 */
export function databaseLabel(source: DatabaseSource): string {
  if ('url' in source) return postgresLabel(source.url)
  if ('pool' in source) return 'pg'
  if ('kysely' in source) return 'kysely'
  const { path, driver } = source
  return `${driver === 'own' ? 'sqlite' : driver}:${path ?? ':memory:'}`
}

/**
 * Returns the host, the port and the database of a URL of PostgreSQL, as a URL. What else it says may be secret.
 * A folder with a socket is written as `%2Fvar%2Frun%2Fpostgresql`, which `pg` reads too.
 */
function postgresLabel(url: string): string {
  const { host, port, database } = postgresTarget(url)
  const shown = /^[^/]*:/.test(host) ? `[${host}]` : encodeURIComponent(host)
  return `postgres://${shown}${port && `:${port}`}${database && `/${database}`}`
}

/** Where a URL of PostgreSQL leads. What is empty, `pg` reads from the environment, such as `PGHOST`. */
export interface PostgresTarget {
  /** A host, or the folder of a socket. */
  readonly host: string
  readonly port: string
  /** As it is written in the URL. */
  readonly database: string
}

/**
 * What may stand before the host, and the rest. If a password has one of the characters `/?#` in it, a part of it
 * could be taken for the host: then the rest has a `@` or a `#`.
 */
const POSTGRES_URL = /^postgres(?:ql)?:\/\/(?:[^/?#]*@(?!\?|$))?([^@#]*)$/is

/**
 * Returns where a URL of PostgreSQL leads, as `pg` reads it: the parameters `host` and `port` win.
 * @throws TypeError that does not show the URL.
 */
export function postgresTarget(url: string): PostgresTarget {
  const rest = POSTGRES_URL.exec(url)?.[1]
  if (rest === undefined) throw new TypeError(UNREADABLE)
  try {
    // A % that begins no such escape stands for itself.
    decodeURIComponent(url.replace(/%(?![\da-f]{2})/gi, '%25'))
    const { hostname, port, pathname, searchParams } = new URL(
      `postgres://${rest.replace(SEVERAL, '')}`,
    )
    const host = searchParams.get('host') || decodeURIComponent(hostname).replace(/^\[|\]$/g, '')
    if (!SEVERAL.test(rest) && !host.includes(',')) {
      const target = { host, port: searchParams.get('port') || port, database: pathname.slice(1) }
      // With another port, the package pg would never answer, nor close.
      if (!/^\d*$/.test(target.port) || Number(target.port) > 65_535) throw new TypeError()
      return target
    }
  } catch {
    throw new TypeError(UNREADABLE)
  }
  throw new TypeError(
    'this postgres: URL names several hosts, and pg connects to one: write that of the primary, or an address ' +
      'that leads to it',
  )
}

/** A list of hosts, as libpq reads it. */
const SEVERAL = /^[^/?]*,[^/?]*/

const UNREADABLE =
  'this postgres: URL cannot be read: write postgres://user:password@host:5432/database, or ' +
  'postgres://user@/database?host=/folder/of/the/socket. In a password, write %40 for a @, %2F for a /, %3F for ' +
  'a ? and %23 for a #'

/**
 * Reads the URL of a database. A URL of PostgreSQL starts with `postgres:` or `postgresql:`, and `pg` reads the
 * rest of it.
 *
 * It also reads `sqlite:path` and `sqlite::memory:`. With `better-sqlite3:` instead, that library is used even if
 * the runtime has its own SQLite. A relative path starts at the working directory. `sqlite:///path` is read
 * as `sqlite:/path`. The path is not decoded.
 *
 * @throws TypeError that says what is supported.
 */
export function parseDatabaseUrl(url: string): DatabaseUrl | PostgresUrl {
  if (/^postgres(?:ql)?:/i.test(url)) {
    postgresTarget(url)
    return { url }
  }
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
  const write =
    'write sqlite:path/to/file.db, sqlite::memory: or postgres://user:password@host/database'
  if (url === '') return `it is empty: ${write}`
  // Looks like a file: perhaps with a drive, and without the characters that separate a password.
  if (url === ':memory:' || /^(?:[a-z]:[\\/])?[\w./\\~ -]{1,200}$/i.test(url)) {
    return `${JSON.stringify(url)} is not a URL: write ${JSON.stringify(`sqlite:${url}`)}`
  }
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0]
  if (/^socket:$/i.test(scheme ?? ''))
    return `socket: is not a supported database URL: write postgres:///database?host=/folder/of/the/socket`
  const why =
    scheme === undefined || /^(?:file|sqlite|better-sqlite3):$/i.test(scheme)
      ? ''
      : `, because ${ENGINES}`
  return `${scheme ?? 'it'} is not a supported database URL${why}: ${write}`
}
