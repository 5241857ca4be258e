import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Credential } from '../credentials/credential.ts'
import type { Mac } from '../mac.ts'
import { type DatabaseUrl, parseDatabaseUrl } from '../store/database-url.ts'
import type { DriverChoice } from '../store/drivers/choose-driver.ts'
import type { SqliteHandle } from '../store/drivers/sqlite-handle.ts'
import type { StateName } from '../store/schema.ts'
import type { Store } from '../store/types.ts'
import { EXIT, Failure, misuse, noCredential } from './failure.ts'
import { pasted } from './help.ts'
import { showMoment } from './terminal/moments.ts'
import type { Terminal } from './terminal/terminal.ts'

/** The database that a command works with. */
export interface Place {
  /** As the library takes it. */
  readonly url: string
  /** The file's absolute path; `null` for a database in memory. */
  readonly file: string | null
  /** What it is called in messages: the file's path, or `:memory:`. */
  readonly path: string
  readonly driver: DatabaseUrl['driver']
  /** Whether the file was there; never so in memory. */
  readonly existed: boolean
}

const DEFAULT = 'sqlite:mac.db'
const VARIABLE = 'MAC_DATABASE_URL'

/**
 * The database that `--database` names, else `MAC_DATABASE_URL`, else `mac.db` in this folder. The option
 * takes a path as well, and a `file:` URL; the variable is read as servers read it.
 *
 * @throws Failure that quotes what was given, where it names no database, or where it cannot be told
 *   whether the file is there.
 */
export function findPlace(option: string | undefined): Place {
  const variable = process.env[VARIABLE]
  const [given, from] =
    option !== undefined ? [option, '--database'] : variable ? [variable, VARIABLE] : [DEFAULT, '']
  const url = from === '--database' ? urlOf(given) : given
  const { path, driver } = read(url, given, from)
  if (path === null) return { url, file: null, path: ':memory:', driver, existed: false }
  const file = resolve(path)
  return { url, file, path: file, driver, existed: isThere(file) }
}

/** The same, where the file must be there: a new and empty one would only hide the mistake. */
export function existingPlace(option: string | undefined): Place {
  const place = findPlace(option)
  if (place.existed || place.file === null) return place
  throw new Failure(
    EXIT.store,
    'ERR_CLI_NO_DATABASE',
    `there is no database ${place.path}. "${pasted('init')}" makes one; --database or MAC_DATABASE_URL names another.`,
  )
}

/** Says that nothing of a database in memory is kept. */
export function warnOfMemory({ file }: Place, terminal: Terminal): void {
  if (file !== null) return
  const { yellow } = terminal.errorColors
  terminal.note(
    `${yellow('note:')} the database is in memory: it was empty, and is gone when this command ends`,
  )
}

/** Does something with the database, and closes it. */
export async function withMacOf<Result>(
  place: Place,
  work: (mac: Mac) => Promise<Result>,
): Promise<Result> {
  await demandSqlite(place.driver)
  // Imported when it is needed: commands that need no database start without it.
  const { createMac } = await import('../create-mac.ts')
  const mac = createMac({ database: place.url })
  try {
    await mac.ready()
    return await work(mac)
  } finally {
    await mac.close()
  }
}

/** The same with the store below it. */
export async function withStoreOf<Result>(
  { file, driver }: Place,
  work: (store: Store) => Promise<Result>,
): Promise<Result> {
  await demandSqlite(driver)
  const { openStore } = await import('../store/open.ts')
  const { environmentSealer } = await import('../store/sealing/sealing-source.ts')
  const store = await openStore({ path: file, driver }, environmentSealer())
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** A path, `:memory:` or a `file:` URL as the library's URL; any other text as it is. */
function urlOf(given: string): string {
  if (given === ':memory:') return 'sqlite::memory:'
  if (/^file:/i.test(given)) return `sqlite:${resolve(pathOfFileUrl(given))}`
  // One letter and a colon is a drive.
  const isUrl = given === '' || /^[a-z][a-z0-9+.-]+:/i.test(given)
  return isUrl ? given : `sqlite:${resolve(given)}`
}

/** The path of `file:mac.db`, `file:/var/mac.db` or `file:///var/mac.db`, decoded as SQLite does it. */
function pathOfFileUrl(given: string): string {
  const rest = given.slice('file:'.length)
  try {
    if (/[?#]/.test(rest)) throw new Error('it takes a path alone, without ?parameters')
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
    return parseDatabaseUrl(url)
  } catch (cause) {
    const more = from === '--database' ? ', or a path such as mac.db' : ''
    const quoted = JSON.stringify(withoutPassword(given))
    throw misuse(`${from}: ${(cause as Error).message}${more}. It was given as ${quoted}.`)
  }
}

/** What was given may be the URL of another kind of database. */
function withoutPassword(given: string): string {
  return given.replace(/\/\/.*@/s, '//…@').replace(/(?<=^[a-z][a-z0-9+.-]+:.*)\?.*/is, '?…')
}

/** @throws Failure where that cannot be told: a file that may not be looked at is not one that is missing. */
function isThere(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOTDIR') return false
    if (code === 'ELOOP' || code === 'ENAMETOOLONG') {
      throw misuse(`the database ${file} cannot be used: ${message}. Name another path.`)
    }
    // Deno's way to say that a permission was not given is told in other words.
    if (code !== 'EACCES' && code !== 'EPERM') throw error
    throw new Failure(
      EXIT.store,
      'ERR_MAC_STORE',
      `whether there is a database ${file} cannot be told: you may not enter a folder on the way to it (${message}). Run this as the user that the server runs as.`,
    )
  }
}

/** The runtime's name and version. */
export function runtimeName(): string {
  const { bun, deno, node } = process.versions
  if (bun !== undefined) return `Bun ${bun}`
  return deno === undefined ? `Node ${node}` : `Deno ${deno}`
}

/** What opens the database here, or `null` where nothing can. */
export async function sqliteDriver(choice: DriverChoice): Promise<string | null> {
  const { bun, deno } = process.versions
  const { nodeSqliteModule } = await import('../store/drivers/node-sqlite.ts')
  if (choice === 'own') {
    if (bun !== undefined) return 'bun:sqlite'
    if (nodeSqliteModule() !== null) return 'node:sqlite'
  }
  if (bun !== undefined || deno !== undefined) return null
  const { betterSqlite3Class } = await import('../store/drivers/better-sqlite3.ts')
  return (await betterSqlite3Class()) === null ? null : 'better-sqlite3'
}

/**
 * Sees to it that this runtime can open the database.
 * @throws Failure that says how to call withmac so that it can.
 */
export async function demandSqlite(choice: DriverChoice): Promise<void> {
  if ((await sqliteDriver(choice)) !== null) return
  const { bun, deno } = process.versions
  if (bun !== undefined || deno !== undefined) {
    const own =
      choice === 'own' ? 'run "deno upgrade": version 2.2 has it' : 'write sqlite: in its place'
    const lacks = choice === 'own' ? 'has no node:sqlite' : 'cannot run better-sqlite3:'
    throw new Failure(EXIT.store, 'ERR_CLI_NO_SQLITE', `${runtimeName()} ${lacks} ${own}.`)
  }
  const lacks =
    choice === 'own'
      ? `${runtimeName()} has no SQLite of its own; 22.13 and later have one`
      : `better-sqlite3 is not installed beside withmac`
  throw new Failure(
    EXIT.store,
    'ERR_CLI_NO_SQLITE',
    `${lacks}. Beside withmac run: npm install better-sqlite3@11. ` +
      'Bun and Deno bring SQLite along, as in: bunx --no-install --bun withmac …',
  )
}

/** A database as it is: opened without bringing its tables up to this version. */
export interface Inspected {
  /** The rows of a query, which must not write. */
  rows(sql: string, ...parameters: readonly unknown[]): readonly Readonly<Record<string, unknown>>[]
  /** The first value of the first row. */
  value(sql: string, ...parameters: readonly unknown[]): unknown
  /** One of the single numbers, or `null` where it is not there. */
  state(name: StateName): number | null
  readonly handle: SqliteHandle
  /** Its file; `null` where it is in memory. */
  readonly path: string | null
}

/** Looks into a database that is there. */
export async function withInspected<Result>(
  { file, driver }: Pick<Place, 'file' | 'driver'>,
  work: (inspected: Inspected) => Result | Promise<Result>,
): Promise<Result> {
  const { openSqlite } = await import('../store/drivers/choose-driver.ts')
  const handle = await openSqlite(file ?? ':memory:', driver)
  try {
    handle.exec('pragma busy_timeout = 2000')
    return await work(inspectedOf(handle, file))
  } finally {
    handle.close()
  }
}

function inspectedOf(handle: SqliteHandle, path: string | null): Inspected {
  const rows: Inspected['rows'] = (sql, ...parameters) => handle.all(sql, parameters)
  const value: Inspected['value'] = (sql, ...parameters) =>
    Object.values(rows(sql, ...parameters)[0] ?? {})[0]
  return {
    rows,
    value,
    handle,
    path,
    state(name) {
      const found = value('select value from mac_state where name = ?', name)
      return found === undefined ? null : Number(found)
    },
  }
}

/**
 * The credential with an identifier.
 * @throws Failure where there is none.
 */
export async function found(mac: Mac, id: string, { path }: Place): Promise<Credential> {
  const credential = await mac.getCredential(id)
  if (credential !== null) return credential
  throw noCredential(id, path)
}

/**
 * The same, of one that something can still be made of.
 * @throws Failure where there is none, or it was revoked.
 */
export async function foundUnrevoked(mac: Mac, id: string, place: Place): Promise<Credential> {
  const credential = await found(mac, id, place)
  const { revoked } = credential
  if (revoked === null) return credential
  throw new Failure(
    EXIT.no,
    'ERR_MAC_CREDENTIAL_ENDED',
    `${id} was revoked ${showMoment(revoked)}, which cannot be taken back: "${pasted('create USER')}" makes a new one.`,
  )
}
