import { randomBytes } from 'node:crypto'
import { Kysely } from 'kysely'
import { databaseSource } from '../../src/store/database-url.ts'
import { betterSqlite3Class } from '../../src/store/drivers/better-sqlite3.ts'
import type { DriverChoice } from '../../src/store/drivers/choose-driver.ts'
import { openStore } from '../../src/store/open.ts'
import type { MacDatabase } from '../../src/store/schema.ts'
import { readSealer, UNSEALED } from '../../src/store/sealing/sealer.ts'
import type { KeylessCredential, Store, StoredCredential } from '../../src/store/types.ts'
import { temporaryFolder } from '../support/folder.ts'
import { describe, expect, test } from '../support/runner.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'
import { applicationDialect, openDatabase } from '../support/sqlite.ts'
import { steal } from '../support/stolen.ts'

/*
 * Deleted content stays in the file until something else is written there. In these tests nothing overwrites
 * all of it: two rows are on a page of their own, and a key is so long that a new row leaves a part of it.
 * The same steps with `secure_delete` off show that.
 */

const NOW = 1000
const randomKey = () => randomBytes(225).toString('base64url')
const KEYS = { first: randomKey(), second: randomKey(), third: randomKey() }

const ADA: StoredCredential = {
  ...{ id: 'ada', user: 'ada', key: KEYS.first, algorithm: 'hmac-sha-256', label: null },
  ...{ created: 1, expires: null, revoked: null, disabled: null, clockOffset: null, scopes: [] },
  ...{ rateLimit: null, keyNumber: 1, rotated: null, oldKey: null, removeAt: null },
}
const BOB: StoredCredential = { ...ADA, id: 'bob', key: 'the key of bob' }

type Way = (store: Store) => Promise<unknown>

/** The ways to remove or replace a key, and the keys that must be gone afterwards. */
const WAYS: Readonly<Record<string, readonly [Way, readonly string[]]>> = {
  'a deleted credential': [({ credentials }) => credentials.remove('ada', NOW), [KEYS.first]],
  'a credential that removed itself': [
    async ({ credentials }) => {
      await credentials.insert({ ...ADA, id: 'eve', key: KEYS.second, removeAt: NOW })
      expect(await credentials.cleanUp(NOW)).toBe(1)
    },
    [KEYS.second],
  ],
  'a key that was replaced without grace': [
    (store) => rotate(store, KEYS.second, null),
    [KEYS.first],
  ],
  'a key whose grace has ended': [
    async (store) => {
      await rotate(store, KEYS.second, NOW)
      expect(await store.credentials.cleanUp(NOW)).toBe(1)
    },
    [KEYS.first],
  ],
  'a key whose grace a second rotation ended': [
    async (store) => {
      await rotate(store, KEYS.second, NOW)
      await rotate(store, KEYS.third, NOW)
    },
    [KEYS.first],
  ],
  'an old key that was removed': [
    async (store) => {
      await rotate(store, KEYS.second, NOW)
      await store.credentials.edit('ada', NOW, (credential) => ({
        ...{ credential: { ...credential, oldKey: null }, action: 'changed', detail: {} },
      }))
    },
    [KEYS.first],
  ],
}

function rotate({ credentials }: Store, key: string, until: number | null): Promise<unknown> {
  return credentials.edit('ada', NOW, (before: KeylessCredential) => ({
    credential: {
      ...before,
      keyNumber: before.keyNumber + 1,
      rotated: NOW,
      oldKey: until === null ? null : { algorithm: before.algorithm, until },
    },
    ...{ key, action: 'rotated', detail: {} },
  }))
}

/** Returns the pieces of keys that are left in the file or in its log, before and after it is closed. */
async function left(
  path: string,
  open: () => Promise<Store>,
  way: Way,
  keys: readonly string[],
): Promise<string[]> {
  const store = await open()
  await store.credentials.insert(ADA)
  await store.credentials.insert(BOB)
  await way(store)
  // The log contains the new pages of the file, and earlier versions of them.
  const database = openDatabase(path)
  database.exec('pragma wal_checkpoint(truncate)')
  database.close()
  const pieces = keys.flatMap((key) => key.match(/.{20}/g) ?? [])
  const found = steal(path, `${path}-open`).holds(pieces)
  await store.close()
  return [...found, ...steal(path, `${path}-closed`).holds(pieces)]
}

const drivers: readonly DriverChoice[] =
  process.versions.bun === undefined && (await betterSqlite3Class()) !== null
    ? ['own', 'better-sqlite3']
    : ['own']

describe.each(drivers.map((driver) => [driver]))(
  'in a file opened with the driver %s',
  (driver) => {
    test.each(Object.keys(WAYS))('nothing is left of %s', async (name) => {
      using folder = temporaryFolder()
      const path = folder.path('mac.db')
      const [way, keys] = WAYS[name] as (typeof WAYS)[string]
      expect(await left(path, () => openStore({ path, driver }), way, keys)).toEqual([])
    })

    test('nothing is left of an unsealed key after reseal, even if the file is not rewritten', async () => {
      using folder = temporaryFolder()
      const path = folder.path('mac.db')
      const sealer = readSealer(sealingKeyOf('one'))
      const before = await openStore({ path, driver })
      await before.credentials.insert({ ...ADA, id: 'eve' })
      await before.close()
      const open = () => openStore({ path, driver }, { sealer })
      const reseal: Way = async (store) => {
        expect((await store.reseal({ vacuum: false })).resealed).toBe(1)
      }
      expect(await left(path, open, reseal, [KEYS.first])).toEqual([])
    })
  },
)

describe("in the caller's Kysely", () => {
  async function opened(path: string, secureDelete: 'on' | 'off', sealed = false) {
    const connection = openDatabase(path)
    connection.exec('pragma journal_mode = wal')
    connection.exec(`pragma secure_delete = ${secureDelete}`)
    const database = new Kysely<MacDatabase>({ dialect: await applicationDialect(connection) })
    const sealer = sealed ? readSealer(sealingKeyOf('one')) : UNSEALED
    const store = await openStore(databaseSource(database), { sealer })
    return {
      ...store,
      async close() {
        await store.close()
        await database.destroy()
      },
    }
  }

  test.each(Object.keys(WAYS))(
    'nothing is left of %s if its connection has secure_delete on, and a part of it otherwise',
    async (name) => {
      using folder = temporaryFolder()
      const [way, keys] = WAYS[name] as (typeof WAYS)[string]
      const on = folder.path('on.db')
      expect(await left(on, () => opened(on, 'on'), way, keys)).toEqual([])
      const off = folder.path('off.db')
      expect(await left(off, () => opened(off, 'off'), way, keys)).not.toEqual([])
    },
  )

  test('nothing is left of an unsealed key after reseal, whatever the setting of its connection', async () => {
    using folder = temporaryFolder()
    const path = folder.path('app.db')
    const before = await opened(path, 'off')
    await before.credentials.insert({ ...ADA, id: 'eve' })
    await before.close()
    const reseal: Way = async (store) => {
      expect((await store.reseal({ vacuum: false })).resealed).toBe(1)
    }
    expect(await left(path, () => opened(path, 'off', true), reseal, [KEYS.first])).toEqual([])
  })
})
