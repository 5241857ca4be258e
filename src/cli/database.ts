import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Credential } from '../credentials/credential.ts'
import type { Mac } from '../mac.ts'
import { showMoment } from '../moments.ts'
import { type DatabaseUrl, parseDatabaseUrl } from '../store/database-url.ts'
import type { DriverChoice } from '../store/drivers/choose-driver.ts'
import type { Store } from '../store/types.ts'
import { EXIT, Failure, misuse, noCredential } from './failure.ts'
import { pasted } from './help.ts'
import { operator } from './operator.ts'
import type { Terminal } from './terminal/terminal.ts'

/** The database that a command uses. */
export interface Place {
  /** The URL for the library's option `database`. */
  readonly url: string
  /** The absolute path of the file, or `null` for a database in memory. */
  readonly file: string | null
  /** The name for messages: the path of the file, or `:memory:`. */
  readonly path: string
  readonly driver: DatabaseUrl['driver']
  /** Whether the file already exists; `false` in memory. */
  readonly existed: boolean
}

const DEFAULT = 'sqlite:mac.db'
const VARIABLE = 'MAC_DATABASE_URL'

/**
 * Returns the database that `--database` names, otherwise `MAC_DATABASE_URL`, otherwise `mac.db` in this
 * folder. The option also accepts a path and a `file:` URL. The variable is read as servers read it.
 *
 * @throws Failure if it does not name a database (the message quotes it), or if this user may not see
 *   whether the file exists.
 */
export function findPlace(option: string | undefined): Place {
  const variable = process.env[VARIABLE]
  const [given, from] =
    option !== undefined ? [option, '--database'] : variable ? [variable, VARIABLE] : [DEFAULT, '']
  const url = from === '--database' ? urlOf(given) : given
  const { path, driver } = read(url, given, from)
  if (path === null) return { url, file: null, path: ':memory:', driver, existed: false }
  const file = resolve(path)
  return { url, file, path: file, driver, existed: fileExists(file) }
}

/**
 * Like {@link findPlace}, but the file must exist: to create an empty database would only hide a wrong path.
 * @throws Failure
 */
export function existingPlace(option: string | undefined): Place {
  const place = findPlace(option)
  if (place.existed || place.file === null) return place
  throw new Failure(
    EXIT.store,
    'ERR_CLI_NO_DATABASE',
    `there is no database ${place.path}. To create it: "${pasted('init')}". To use another one: --database or MAC_DATABASE_URL.`,
  )
}

/** Prints a note if the database is in memory: nothing is kept. */
export function warnOfMemory({ file }: Place, terminal: Terminal): void {
  if (file !== null) return
  const { yellow } = terminal.errorColors
  terminal.note(
    `${yellow('note:')} the database is in memory: it starts empty and is lost when this command ends`,
  )
}

/**
 * Opens the database as a `Mac`, runs `work`, and closes it.
 *
 * @param work Gets methods whose changes name the operator in the history, and the `Mac` itself, which names
 *   nobody.
 */
export async function withMacOf<Result>(
  place: Place,
  work: (acting: Mac, mac: Mac) => Promise<Result>,
): Promise<Result> {
  await demandSqlite(place.driver)
  // Loaded lazily: commands that need no database start without it.
  const { createMac, partsOf } = await import('../create-mac.ts')
  const mac = createMac({ database: place.url })
  try {
    await mac.ready()
    return await work({ ...mac, ...partsOf(mac).actingAs(operator()) }, mac)
  } finally {
    await mac.close()
  }
}

/** Opens the store of the database, runs `work`, and closes it. */
export async function withStoreOf<Result>(
  { file, driver }: Place,
  work: (store: Store) => Promise<Result>,
): Promise<Result> {
  await demandSqlite(driver)
  const { openStore } = await import('../store/open.ts')
  const { environmentSealer } = await import('../store/sealing/sealing-source.ts')
  const store = await openStore({ path: file, driver }, { sealer: environmentSealer() })
  try {
    return await work(store)
  } finally {
    await store.close()
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

function read(url: string, given: string, from: string): DatabaseUrl {
  try {
    const read = parseDatabaseUrl(url)
    if ('path' in read) return read
    throw new TypeError('the command line does not open PostgreSQL yet')
  } catch (cause) {
    const more = from === '--database' ? ', or a path such as mac.db' : ''
    const quoted = JSON.stringify(withoutPassword(given))
    throw misuse(`${from}: ${(cause as Error).message}${more}. The value was ${quoted}.`)
  }
}

/** Hides a password: the value may be a URL of another database, such as PostgreSQL. */
function withoutPassword(given: string): string {
  return given.replace(/\/\/.*@/s, '//…@').replace(/(?<=^[a-z][a-z0-9+.-]+:.*)\?.*/is, '?…')
}

/**
 * Whether the file exists. A file in a folder that this user may not enter does not count as missing.
 * @throws Failure if this cannot be found out.
 */
function fileExists(file: string): boolean {
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

/**
 * Checks that this runtime has a SQLite driver for the database.
 * @throws Failure if it has none. It says what to install, or how to run withmac instead.
 */
export async function demandSqlite(choice: DriverChoice): Promise<void> {
  // Loaded lazily, because it imports Kysely.
  const { runtimeName, sqliteDriver } = await import('../doctor/inspect.ts')
  if ((await sqliteDriver(choice)) !== null) return
  const { bun, deno } = process.versions
  if (bun !== undefined || deno !== undefined) {
    const own =
      choice === 'own' ? 'run "deno upgrade" (2.2 and later have it)' : 'use sqlite: in the URL'
    const lacks = choice === 'own' ? 'has no node:sqlite' : 'cannot run better-sqlite3'
    throw new Failure(EXIT.store, 'ERR_CLI_NO_SQLITE', `${runtimeName()} ${lacks}: ${own}.`)
  }
  const lacks =
    choice === 'own'
      ? `${runtimeName()} has no SQLite of its own (22.13 and later have it)`
      : `better-sqlite3 is not installed next to withmac`
  throw new Failure(
    EXIT.store,
    'ERR_CLI_NO_SQLITE',
    `${lacks}. In the folder where withmac is installed, run: npm install better-sqlite3@11. ` +
      'Or use Bun, which has SQLite: bunx --no-install --bun withmac …',
  )
}

/**
 * Returns the credential with this identifier.
 * @throws Failure if there is none.
 */
export async function found(mac: Mac, id: string, { path }: Place): Promise<Credential> {
  const credential = await mac.getCredential(id)
  if (credential !== null) return credential
  throw noCredential(id, path)
}

/**
 * Like {@link found}, but the credential must not be revoked.
 * @throws Failure if there is none, or if it was revoked.
 */
export async function foundUnrevoked(mac: Mac, id: string, place: Place): Promise<Credential> {
  const credential = await found(mac, id, place)
  const { revoked } = credential
  if (revoked === null) return credential
  throw new Failure(
    EXIT.no,
    'ERR_MAC_CREDENTIAL_ENDED',
    `${id} was revoked ${showMoment(revoked)}, which cannot be undone. To create a new one: "${pasted('create USER')}".`,
  )
}
