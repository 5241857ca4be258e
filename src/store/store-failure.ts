import { accessSync, constants, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isPermitted } from '../environment.ts'
import { MacError } from '../errors.ts'
import { postgresReason } from './postgres-failure.ts'

export type ErrorConverter = (cause: unknown) => MacError

/**
 * Returns a function that converts a driver error to a `MacError`. Its message explains the error, and has
 * the driver's own text in it.
 *
 * @param name The database's name in error messages.
 * @param path Its file, or `null` for a database in memory and for the caller's Kysely.
 */
export function errorConverter(name: string, path: string | null = null): ErrorConverter {
  return (cause) => {
    if (cause instanceof MacError) return cause
    const isKnown = failureKind(cause) !== null
    const more = isKnown && path !== null ? '. "withmac doctor" looks into it.' : ''
    return new MacError('ERR_MAC_STORE', `${name} failed: ${reasonOf(cause, path)}${more}`, {
      cause,
    })
  }
}

/** Explains why a database failed, with the driver's own text. */
export function reasonOf(error: unknown, path: string | null): string {
  const text = error instanceof Error ? error.message : String(error)
  const kind = failureKind(error)
  if (kind === null) return postgresReason(error) ?? text
  const code = codeOf(error) ?? ''
  const said = /^E[A-Z0-9]+$/.test(code) ? text : `SQLite: ${text}`
  if (kind !== 'access') return `${WORDS[kind]} (${said})`
  const [words, ...details] = code === 'EROFS' ? [READ_ONLY] : whyNoAccess(path)
  return `${words} (${[...details, said].join('; ')})`
}

const WORDS = {
  locked:
    'another connection has held its lock for longer than withmac waits: look for a process that left a transaction open',
  'not a database': 'it is not a SQLite database, or an encrypted one: is the path right?',
  damaged: 'its content is damaged: restore a backup',
  tables:
    'its tables are not those of withmac: they belong to another program, or were changed or removed. Use another file, or restore a backup',
  disk: 'its disk, or its network file system, has failed: look at the system log',
  full: 'its disk is full, or its user has reached a quota: free some space',
  memory: 'the machine is out of memory',
  descriptors: 'this process has too many files open: close some, or raise the limit (ulimit -n)',
}

const READ_ONLY = 'it is on a file system that is mounted read-only'
const UNKNOWN =
  'it cannot be opened or written: check the mode and owner of the file and of its folder, and whether the file system is mounted read-only'

/** Says which access to the file or its folder this user lacks, if it can be found out; then details. */
function whyNoAccess(path: string | null): string[] {
  if (path === null) return [UNKNOWN]
  const folder = dirname(path)
  const { R_OK, W_OK, X_OK } = constants
  const checks: readonly (readonly [string, number, string])[] = [
    [folder, X_OK, `you may not enter its folder ${folder}`],
    [path, R_OK, 'you may not read it'],
    [path, W_OK, 'you may not write to it'],
    [folder, W_OK, `you may not write to its folder ${folder}, where SQLite keeps files beside it`],
    ...['-wal', '-shm'].map(
      (end) => [path + end, R_OK | W_OK, `you may not use ${path}${end} beside it`] as const,
    ),
  ]
  for (const [name, mode, words] of checks) {
    const code = accessError(name, mode)
    if (code === 'EROFS') return [READ_ONLY]
    if (code === 'EACCES' || code === 'EPERM') return [words, ...ownerOf(name)]
  }
  return [isMountedReadOnly(path) ? READ_ONLY : UNKNOWN]
}

/**
 * Whether the file system is mounted read-only, according to Linux. Some runtimes do not report it in
 * `access`.
 */
function isMountedReadOnly(path: string): boolean {
  const mounts = '/proc/self/mountinfo'
  if (process.platform !== 'linux' || !isPermitted({ name: 'read', path: mounts })) return false
  try {
    const real = realpathSync(dirname(path))
    let nearest = { point: '', options: '' }
    for (const line of readFileSync(mounts, 'utf8').split('\n')) {
      const [, , , , point = '', options = ''] = line.split(' ')
      const isAbove = real === point || real.startsWith(point.endsWith('/') ? point : `${point}/`)
      // If there are two mounts at the same point, the later one counts.
      if (isAbove && point.length >= nearest.point.length) nearest = { point, options }
    }
    return nearest.options.split(',').includes('ro')
  } catch {
    return false
  }
}

/** Returns the error code with which the system refuses an access, or `null`. */
function accessError(name: string, mode: number): string | null {
  if (!isPermitted({ name: 'read', path: name })) return null
  try {
    accessSync(name, mode)
    return null
  } catch (error) {
    return codeOf(error)
  }
}

function ownerOf(name: string): string[] {
  const uid = process.getuid?.()
  if (uid === undefined) return []
  try {
    const { uid: owner, mode } = statSync(name)
    return [`you are user ${uid}, it belongs to user ${owner}, mode ${(mode & 0o777).toString(8)}`]
  } catch {
    return []
  }
}

/** The kinds of failures that an operator can act on. */
type FailureKind = keyof typeof WORDS | 'access'

/**
 * How to recognize each kind: SQLite's text, the name and number of its primary result code, or a system
 * code.
 */
const KINDS: readonly (readonly [FailureKind, RegExp | null, string?, number?])[] = [
  ['access', /^access permission denied/, 'SQLITE_PERM', 3],
  ['locked', /^database is locked\b/, 'SQLITE_BUSY', 5],
  ['locked', /^database (?:table|schema) is locked\b/, 'SQLITE_LOCKED', 6],
  ['memory', /^out of memory/, 'SQLITE_NOMEM', 7],
  ['access', /^attempt to write a readonly database/, 'SQLITE_READONLY', 8],
  ['disk', /^disk I\/O error/, 'SQLITE_IOERR', 10],
  ['damaged', /^database disk image is malformed/, 'SQLITE_CORRUPT', 11],
  ['damaged', /^malformed database schema/],
  ['full', /^database or disk is full/, 'SQLITE_FULL', 13],
  ['access', /^unable to open database file/, 'SQLITE_CANTOPEN', 14],
  ['locked', /^locking protocol/, 'SQLITE_PROTOCOL', 15],
  ['tables', /^no such (?:table|column|index|trigger)\b/, 'SQLITE_SCHEMA', 17],
  ['tables', /^(?:table|index|trigger) .* already exists|^there is already /],
  ['tables', /^table .* has no column named /],
  ['not a database', /^file is (?:encrypted or is )?not a database/, 'SQLITE_NOTADB', 26],
  ['access', null, 'EACCES'],
  ['access', null, 'EPERM'],
  ['access', null, 'EROFS'],
  ['full', null, 'ENOSPC'],
  ['full', null, 'EDQUOT'],
  ['disk', null, 'EIO'],
  ['descriptors', null, 'EMFILE'],
  ['descriptors', null, 'ENFILE'],
]

/**
 * Returns the kind of an error of a driver or of the system; `null` for any other error. bun:sqlite and
 * better-sqlite3 give the name of the result code, Node's driver its number, and Deno's only the message.
 */
function failureKind(error: unknown): FailureKind | null {
  const { errcode, message } = (error ?? {}) as Record<string, unknown>
  const code = codeOf(error) ?? ''
  const found = KINDS.find(
    ([, text, name, number]) =>
      code === name ||
      code.startsWith(`${name}_`) ||
      (typeof errcode === 'number' && (errcode & 0xff) === number) ||
      (typeof message === 'string' && text?.test(message)),
  )
  return found?.[0] ?? null
}

/** Whether another connection holds a lock. */
export function isBusy(error: unknown): boolean {
  return failureKind(error) === 'locked'
}

/** Whether SQLite could not sync a file. A later sync may succeed, but would not cover the same writes. */
export function isFailedSync(error: unknown): boolean {
  const { errcode, message } = (error ?? {}) as Record<string, unknown>
  const code = codeOf(error)
  if (code?.startsWith('SQLITE_')) return code === 'SQLITE_IOERR_FSYNC'
  if (typeof errcode === 'number') return errcode === SQLITE_IOERR_FSYNC
  // Deno's driver has only the message, so any I/O error counts.
  return typeof message === 'string' && /^disk I\/O error\b/.test(message)
}

const SQLITE_IOERR_FSYNC = 1034

/** Returns the code of an error, if it is a string. */
function codeOf(error: unknown): string | null {
  const { code } = (error ?? {}) as Record<string, unknown>
  return typeof code === 'string' ? code : null
}
