import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mac } from '../mac.ts'
import { type DatabaseUrl, parseDatabaseUrl } from '../store/database-source.ts'
import type { Store } from '../store/types.ts'
import { pasted } from './called-as.ts'
import { EXIT } from './exit-status.ts'
import { Failure, misuse } from './failure.ts'
import { demandSqlite } from './sqlite.ts'
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
