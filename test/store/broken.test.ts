import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { serve } from '../support/serve.ts'
import { authorization } from '../support/sign.ts'
import { openDatabase, rowsOf } from '../support/sqlite.ts'
import { startServer } from '../support/start-server.ts'

const KEY = { id: 'ada', key: 'a-key-that-holds-128-bits' }

async function prepare(path: string): Promise<void> {
  const mac = createMac({ database: `sqlite:${path}` })
  await mac.createCredential('ada', KEY)
  await mac.close()
}

/** How each database is broken before the server starts, and the reason in the operator's error message. */
const broken: readonly [string, RegExp, (path: string) => unknown][] = [
  [
    'is not a database',
    /mac\.db failed: .*not a database/,
    (path) => writeFileSync(path, 'text '.repeat(2000)),
  ],
  ['is a folder', /mac\.db failed: it is a folder/, (path) => mkdirSync(path)],
  [
    'has no folder',
    /there is no folder .*: create it first/,
    (path) => rmSync(dirname(path), { recursive: true }),
  ],
  [
    'has tables of another program with the same names',
    /mac\.db failed: its tables are not those of withmac.*\(SQLite: .*already exists.*"withmac doctor"/,
    (path) => {
      const database = openDatabase(path)
      database.exec('create table mac_credentials (a)')
      database.close()
    },
  ],
  [
    'has lost a table',
    /mac\.db failed: its tables are not those of withmac.*\(SQLite: no such table.*"withmac doctor"/,
    async (path) => {
      await prepare(path)
      const database = openDatabase(path)
      database.exec('drop table mac_credentials')
      database.close()
    },
  ],
  [
    'is damaged',
    /mac\.db failed: .*(malformed|corrupt|not a database)/,
    async (path) => {
      await prepare(path)
      const bytes = readFileSync(path)
      writeFileSync(path, bytes.fill(0xff, 100, bytes.length))
    },
  ],
  [
    'has nonces that are not in order',
    /mac\.db failed: its table mac_nonce_log is damaged\. Restore it/,
    async (path) => {
      await prepare(path)
      const database = openDatabase(path)
      const tag = Buffer.from('0123456789ab', 'hex')
      for (let seq = 2; seq <= 100; seq++) {
        const random = seq === 64 ? tag.readUIntBE(0, 6) : seq
        database.exec(`insert into mac_nonce_log values (${seq}, ${random}, 0, x'')`)
      }
      database.close()
      const bytes = readFileSync(path)
      // The row's number is before the types of its columns.
      const at = bytes.indexOf(tag) - 6
      expect(bytes[at]).toBe(64)
      bytes[at] = 127
      writeFileSync(path, bytes)
    },
  ],
  [
    'has tables of a newer version',
    /version 99, and this withmac knows versions up to \d+\. Install/,
    async (path) => {
      await prepare(path)
      const database = openDatabase(path)
      database.exec('insert into mac_schema values (99)')
      database.close()
    },
  ],
]

describe('a database that', () => {
  test.each(broken)('%s gives a 503, and onReject gets the reason', async (_, reason, spoil) => {
    using folder = temporaryFolder()
    mkdirSync(folder.path('data'))
    const path = folder.path('data/mac.db')
    await spoil(path)
    await using server = await serve(`sqlite:${path}`)
    for (let time = 1; time <= 2; time++) {
      expect(await server.send(KEY)).toBe('503 ERR_MAC_STORE')
      expect(server.rejections).toHaveLength(time)
      expect(server.rejections.at(-1)?.message).toMatch(reason)
    }
    expect(await server.sendAnonymous()).toBe('200')
    await expect(server.mac.ready()).rejects.toMatchObject({ code: 'ERR_MAC_STORE' })
    rmSync(path, { recursive: true, force: true })
    mkdirSync(folder.path('data'), { recursive: true })
    await prepare(path)
    expect(await server.send(KEY)).toBe('200')
  })

  test('has tables of a newer version is not changed', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    await prepare(path)
    const database = openDatabase(path)
    database.exec('insert into mac_schema values (99)')
    const before = rowsOf(database, 'select * from sqlite_master')
    await expect(createMac({ database: `sqlite:${path}` }).ready()).rejects.toThrow('version 99')
    expect(rowsOf(database, 'select * from sqlite_master')).toEqual(before)
    expect(rowsOf(database, 'select id from mac_credentials')).toEqual([['ada']])
    database.close()
    // The last connection that is closed removes the log, so none was left open.
    expect(existsSync(`${path}-wal`)).toBe(false)
  })
})

/** root may write everywhere, so the server runs as this user, who has no rights. */
const NOBODY = 65_534

test.each([
  ['the file and its folder', 0o555, 0o444],
  ['only the folder', 0o555, 0o666],
])(
  'a database of which %s cannot be written gives a 503',
  async (_, folderMode, fileMode) => {
    using folder = temporaryFolder()
    mkdirSync(folder.path('data'))
    const path = folder.path('data/mac.db')
    await prepare(path)
    chmodSync(path, fileMode)
    chmodSync(dirname(path), folderMode)
    chmodSync(folder.path('.'), 0o755)
    try {
      const options = { database: `sqlite:${path}`, mode: 'optional', user: NOBODY } as const
      await using server = await startServer(options)
      const send = (headers: Record<string, string>) =>
        outcome(fetch(server.url, { headers, signal: AbortSignal.timeout(10_000) }))
      expect(await send({ authorization: authorization(KEY, `${server.url}/`) })).toBe(
        '503 ERR_MAC_STORE',
      )
      expect(await send({})).toBe('200')
      await server.kill()
      expect(server.rejections).toHaveLength(1)
      expect(server.rejections[0]?.message).toContain(path)
      expect(server.rejections[0]?.message).toMatch(/EACCES|readonly|unable to open/)
    } finally {
      chmodSync(dirname(path), 0o755)
    }
  },
  60_000,
)
