import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type DatabaseUrl,
  databaseLabel,
  type PostgresUrl,
  parseDatabaseUrl,
} from '../store/database-url.ts'
import { KEY_PREFIX, type NonceSource, nonceLabel, nonceSource } from '../store/nonce-source.ts'
import { EXIT, Failure, misuse } from './failure.ts'

/** The global options that say what a command works on. */
export interface PlaceOptions {
  readonly database?: string | undefined
  readonly nonces?: string | undefined
  readonly nonceKeyPrefix?: string | undefined
}

/** The database that a command uses, and where its servers keep nonces. */
export interface Place {
  /** What to open. The URL of a PostgreSQL may contain a password: it is never shown. */
  readonly source: DatabaseUrl | PostgresUrl
  /** The URL for the library's option `database`, without the user, the password and the parameters. */
  readonly url: string
  /** The absolute path of the SQLite file; `null` for a database in memory and for PostgreSQL. */
  readonly file: string | null
  /** The name for messages: the path of the file, `:memory:`, or the URL without secrets. */
  readonly path: string
  /** Where nonces are kept, if not in the database. The URL may contain a password. */
  readonly nonces: NonceSource | null
}

const DEFAULT = 'sqlite:mac.db'
const VARIABLE = 'MAC_DATABASE_URL'
const NONCES_VARIABLE = 'MAC_NONCES_URL'

/**
 * Returns the database that `--database` names, otherwise `MAC_DATABASE_URL`, otherwise `mac.db` in this
 * folder. The option also accepts a path and a `file:` URL. The variable is read as servers read it. It does
 * *not* look whether the database exists.
 *
 * @throws Failure if it does not name a database. The message quotes it without a password.
 */
export function placeOf(options: PlaceOptions): Place {
  const variable = process.env[VARIABLE]
  const [given, from] =
    options.database !== undefined
      ? [options.database, '--database']
      : variable
        ? [variable, VARIABLE]
        : [DEFAULT, '']
  const url = from === '--database' ? urlOf(given) : given
  const source = read(url, given, from)
  const nonces = noncesOf(options)
  if (!('path' in source)) {
    const label = databaseLabel(source)
    return { source, nonces, url: label, file: null, path: label }
  }
  if (source.path === null) return { source, nonces, url, file: null, path: ':memory:' }
  const file = resolve(source.path)
  return { source: { ...source, path: file }, nonces, url, file, path: file }
}

/** Whether the place is a database in memory, of which nothing is kept. */
export function isInMemory({ source }: Place): boolean {
  return 'path' in source && source.path === null
}

/** Returns the name of the store of nonces for messages, or `null` if they are in the database. */
export function noncesName({ nonces }: Place): string | null {
  return nonces === null ? null : nonceLabel(nonces)
}

function noncesOf({
  nonces,
  nonceKeyPrefix: keyPrefix = 'withmac',
}: PlaceOptions): NonceSource | null {
  const variable = process.env[NONCES_VARIABLE]
  const [given, from] = nonces !== undefined ? [nonces, '--nonces'] : [variable, NONCES_VARIABLE]
  if (!given && from !== '--nonces') return null
  if (!KEY_PREFIX.test(keyPrefix)) {
    throw misuse('--nonce-key-prefix must be 1 to 64 letters, digits and _:.-.')
  }
  try {
    return { ...nonceSource(given), keyPrefix }
  } catch (error) {
    throw misuse(`${from} ${(error as Error).message}.`)
  }
}

/** Converts a path, `:memory:` or a `file:` URL to a URL for the library. Other texts stay as they are. */
function urlOf(given: string): string {
  if (given === ':memory:') return 'sqlite::memory:'
  if (/^file:/i.test(given)) return `sqlite:${resolve(pathOfFileUrl(given))}`
  // One letter and a colon is a Windows drive, not a URL scheme.
  const isUrl = given === '' || /^[a-z][a-z0-9+.-]+:/i.test(given)
  return isUrl ? given : `sqlite:${resolve(given)}`
}

/** The path of `file:mac.db`, `file:/var/mac.db` or `file:///var/mac.db`, decoded as SQLite decodes it. */
function pathOfFileUrl(given: string): string {
  const rest = given.slice('file:'.length)
  try {
    if (/[?#]/.test(rest)) throw new Error('only a path is allowed, without ?parameters')
    if (rest.startsWith('//')) return fileURLToPath(given)
    if (rest === '') throw new Error('it names no file')
    return decodeURIComponent(rest)
  } catch (error) {
    throw misuse(
      `--database ${JSON.stringify(given)} cannot be used: ${(error as Error).message}. Write a path, such as mac.db.`,
    )
  }
}

function read(url: string, given: string, from: string): DatabaseUrl | PostgresUrl {
  try {
    return parseDatabaseUrl(url)
  } catch (cause) {
    const { message } = cause as Error
    // What stands before the @ of such a URL may be any part of the password.
    if (/^postgres/i.test(given)) throw misuse(`${from}: ${message}. The value is not shown.`)
    const more = from === '--database' ? ', or a path such as mac.db' : ''
    throw misuse(
      `${from}: ${message}${more}. The value was ${JSON.stringify(withoutPassword(given))}.`,
    )
  }
}

/** Hides a password: the value may be a URL of another database, such as MySQL. */
function withoutPassword(given: string): string {
  return given.replace(/\/\/.*@/s, '//…@').replace(/(?<=^[a-z][a-z0-9+.-]+:.*)\?.*/is, '?…')
}

/**
 * Whether the file exists. A file in a folder that this user may not enter does not count as missing.
 * @throws Failure if this cannot be found out.
 */
export function fileExists(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOTDIR') return false
    if (code === 'ELOOP' || code === 'ENAMETOOLONG') {
      throw misuse(`the database ${file} cannot be used: ${message}. Use another path.`)
    }
    // Rethrown as it is: `understand` has a message for a missing permission of Deno.
    if (code !== 'EACCES' && code !== 'EPERM') throw error
    throw new Failure(
      EXIT.store,
      'ERR_MAC_STORE',
      `you may not enter a folder in the path of the database ${file} (${message}). Run this command as the user that runs the server.`,
    )
  }
}
