import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MacError } from '../../src/errors.ts'
import { createMac } from '../../src/index.ts'
import { errorConverter, reasonOf } from '../../src/store/store-failure.ts'
import { temporaryFolder } from '../support/folder.ts'
import { AS_NOBODY, MOUNT, ORDINARY_USER, testWith } from '../support/needs.ts'
import { runtimeCommand } from '../support/process.ts'
import { expect, test } from '../support/runner.ts'

/** SQLite's text, the name and number of its result code, and the start of the message for the operator. */
const TEXTS: readonly [string, string, number, RegExp][] = [
  ['unable to open database file', 'SQLITE_CANTOPEN', 14, /^it cannot be opened or written/],
  ['attempt to write a readonly database', 'SQLITE_READONLY', 8, /^it cannot be opened or written/],
  ['access permission denied', 'SQLITE_PERM', 3, /^it cannot be opened or written/],
  ['disk I/O error', 'SQLITE_IOERR', 10, /^its disk, or its network file system, has failed/],
  [
    'file is not a database',
    'SQLITE_NOTADB',
    26,
    /^it is not a SQLite database, or an encrypted one/,
  ],
  ['database disk image is malformed', 'SQLITE_CORRUPT', 11, /^its content is damaged: restore/],
  ['database is locked', 'SQLITE_BUSY', 5, /^another connection has held its lock/],
  ['database table is locked', 'SQLITE_LOCKED', 6, /^another connection has held its lock/],
  ['locking protocol', 'SQLITE_PROTOCOL', 15, /^another connection has held its lock/],
  ['database or disk is full', 'SQLITE_FULL', 13, /^its disk is full/],
  ['out of memory', 'SQLITE_NOMEM', 7, /^the machine is out of memory/],
  [
    'no such table: main.mac_credentials',
    'SQLITE_ERROR',
    1,
    /^its tables are not those of withmac/,
  ],
  ['no such column: key_number', 'SQLITE_ERROR', 1, /^its tables are not those of withmac/],
  [
    'table "mac_credentials" already exists',
    'SQLITE_ERROR',
    1,
    /^its tables are not those of withmac/,
  ],
  ['table mac_state has no column named value', 'SQLITE_ERROR', 1, /^its tables are not those of/],
]

/** How each driver throws it. An extended code has more in its higher bits. */
const DRIVERS: readonly [string, (text: string, name: string, number: number) => object][] = [
  [
    'bun:sqlite',
    (text, name, number) => ({ name: 'SQLiteError', message: text, code: name, errno: number }),
  ],
  ['bun:sqlite, extended', (text, name) => ({ message: text, code: `${name}_OTHER` })],
  ['better-sqlite3', (text, name) => ({ name: 'SqliteError', message: text, code: name })],
  [
    'node:sqlite on Node',
    (text, _, number) => ({ message: text, code: 'ERR_SQLITE_ERROR', errcode: (6 << 8) | number }),
  ],
  ['node:sqlite on Deno', (text) => ({ message: `${text}: x.db`, code: 'ERR_SQLITE_ERROR' })],
]

test.each(DRIVERS)('every SQLite error of %s is explained', (_, made) => {
  for (const [text, name, number, words] of TEXTS) {
    const error = Object.assign(new Error(), made(text, name, number))
    const { code, message } = errorConverter('The database')(error)
    expect(code).toBe('ERR_MAC_STORE')
    expect(message).toMatch(/^The database failed: /)
    const reason = message.slice('The database failed: '.length)
    expect(reason).toMatch(words)
    expect(reason).toContain(`SQLite: ${text}`)
  }
})

test.each([
  ['EACCES', /^it cannot be opened or written/],
  ['EPERM', /^it cannot be opened or written/],
  ['EROFS', /^it is on a file system that is mounted read-only/],
  ['ENOSPC', /^its disk is full/],
  ['EDQUOT', /^its disk is full, or its user has reached a quota/],
  ['EIO', /^its disk, or its network file system/],
  ['EMFILE', /^this process has too many files open/],
])('the system error %s is explained', (code, words) => {
  const error = Object.assign(new Error(`${code}: as the system says it, open 'mac.db'`), { code })
  expect(reasonOf(error, null)).toMatch(words)
  expect(reasonOf(error, null)).toContain(`(${code}: as the system says it, open 'mac.db')`)
})

test('a known error of a file mentions withmac doctor, and other errors do not', () => {
  const failure = errorConverter('The database /x/mac.db', '/x/mac.db')
  const known = Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_READ' })
  expect(failure(known).message).toContain('"withmac doctor" looks into it.')
  expect(failure(new Error('another fault')).message).toBe(
    'The database /x/mac.db failed: another fault',
  )
  const own = new MacError('ERR_MAC_STORE', 'as it is')
  expect(failure(own)).toBe(own)
})

const SCRIPT = join(import.meta.dirname, '../support/open-and-tell.ts')
const ifOrdinaryUser = await testWith(ORDINARY_USER)
const ifMount = await testWith(MOUNT)

/** Opens a database as an ordinary user, and returns the error message. */
function told(path: string, front: readonly string[], home: string): string {
  const [command = '', ...args] = [...front, ...runtimeCommand(SCRIPT), `sqlite:${path}`]
  const { PATH = '' } = process.env
  const { stdout, stderr } = spawnSync(command, args, {
    env: { PATH, HOME: home, DENO_DIR: join(home, 'deno'), NODE_NO_WARNINGS: '1' },
    encoding: 'utf8',
  })
  return stdout.trim() || stderr
}

async function makeDatabase(path: string): Promise<void> {
  const mac = createMac({ database: `sqlite:${path}` })
  await mac.ready()
  await mac.close()
}

const FORBIDDEN: readonly [string, (folder: string, file: string) => void, RegExp][] = [
  ['read', (_, file) => chmodSync(file, 0o000), /failed: you may not read it \(/],
  ['write to', (_, file) => chmodSync(file, 0o444), /failed: you may not write to it \(/],
  [
    'create files beside',
    (folder, file) => {
      chmodSync(file, 0o666)
      chmodSync(folder, 0o555)
    },
    /failed: you may not write to its folder .*, where SQLite keeps files beside it \(/,
  ],
  ['reach', (folder) => chmodSync(folder, 0o600), /failed: you may not enter its folder /],
]

for (const [what, forbid, words] of FORBIDDEN) {
  ifOrdinaryUser(`the error for a database that this user may not ${what} says so`, async () => {
    using temporary = temporaryFolder()
    chmodSync(temporary.path('.'), 0o777)
    const folder = temporary.path('data')
    mkdirSync(folder)
    chmodSync(folder, 0o777)
    const file = join(folder, 'mac.db')
    await makeDatabase(file)
    forbid(folder, file)
    try {
      const message = told(file, AS_NOBODY, temporary.path('.'))
      expect(message).toMatch(words)
      expect(message).toContain('"withmac doctor" looks into it.')
    } finally {
      chmodSync(folder, 0o755)
    }
  })
}

/** Mounts a file system at a path. */
function mounted(path: string): Disposable {
  mkdirSync(path)
  expect(spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', path]).status).toBe(0)
  return { [Symbol.dispose]: () => void spawnSync('umount', [path]) }
}

ifMount('the error for a database on a file system that is mounted read-only says so', async () => {
  using folder = temporaryFolder()
  const disk = folder.path('disk')
  using _mounted = mounted(disk)
  await makeDatabase(join(disk, 'mac.db'))
  expect(spawnSync('mount', ['-o', 'remount,ro', disk]).status).toBe(0)
  for (const name of ['mac.db', 'new.db']) {
    const message = told(join(disk, name), [], folder.path('.'))
    expect(message).toContain(`${name} failed: it is on a file system that is mounted read-only (`)
  }
})

test('the error for a path through a file says that the folder is missing', async () => {
  using folder = temporaryFolder()
  writeFileSync(folder.path('file'), '')
  const mac = createMac({ database: `sqlite:${folder.path('file/mac.db')}` })
  await expect(mac.ready()).rejects.toThrow(`there is no folder ${folder.path('file')}: create it`)
  await mac.close()
})
