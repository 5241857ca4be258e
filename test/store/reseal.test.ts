import { Kysely } from 'kysely'
import { createMac } from '../../src/index.ts'
import type { Guard } from '../../src/store/guard.ts'
import { emptyWal, reseal } from '../../src/store/reseal.ts'
import type { MacDatabase } from '../../src/store/schema.ts'
import { readSealer } from '../../src/store/sealing/sealer.ts'
import { temporaryFolder } from '../support/folder.ts'
import { describe, expect, test } from '../support/runner.ts'
import { fill, type Given, open, outcomes } from '../support/sealed-mac.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'
import { applicationDialect, openDatabase, rowsOf } from '../support/sqlite.ts'
import { steal } from '../support/stolen.ts'
import { withDatabase } from '../support/with-database.ts'

const [ONE, TWO] = [sealingKeyOf('one'), sealingKeyOf('two')]

/** Returns each credential's current key in the form in which the database stores it. */
function writtenKeys(path: string): Map<unknown, unknown> {
  const database = openDatabase(path)
  const rows = rowsOf(database, 'select id, key from mac_credentials')
  database.close()
  return new Map(rows.map(([id, key]) => [id, key]))
}

test('reseal seals all unsealed keys, old keys too, and leaves no trace of them in the files', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const before = open(path, null)
  const given = await fill(before, 250)
  await before.close()
  const keys = given.map(({ key }) => key)
  expect(steal(path, folder.path('before')).holds(keys)).toEqual(keys)

  const mac = open(path, ONE)
  expect(await outcomes(mac, given)).toEqual(['200'])
  const progress: string[] = []
  const onProgress = ({ done, total }: { done: number; total: number }) =>
    progress.push(`${done}/${total}`)
  const result = await mac.reseal({ onProgress })
  expect(result).toEqual({
    sealedBy: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown as string,
    ...{ resealed: 250, unopened: [], logEmptied: true },
  })
  expect(progress).toEqual(['100/250', '200/250', '250/250', '250/250'])
  expect(steal(path, folder.path('after')).holds(keys)).toEqual([])
  expect(await outcomes(mac, given)).toEqual(['200'])
  expect(await mac.reseal()).toEqual({ ...result, resealed: 0 })
  await mac.close()
})

test('reseal seals keys of another sealing key, and does not touch keys that are done', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const one = open(path, ONE)
  const given = await fill(one, 20)
  await one.close()
  const both = open(path, [TWO, ONE])
  const done = await fill(both, 10)
  const before = writtenKeys(path)
  expect(await both.reseal()).toMatchObject({ resealed: 20 })
  const after = writtenKeys(path)
  const same = [...before].filter(([id, text]) => after.get(id) === text).map(([id]) => id)
  expect(new Set(same)).toEqual(new Set(done.map(({ id }) => id)))
  await both.close()
  const two = open(path, TWO)
  expect(await outcomes(two, [...given, ...done])).toEqual(['200'])
  await two.close()
})

test('reseal throws without a sealing key, and says what to do', async () => {
  const mac = createMac({ database: 'sqlite::memory:', sealingKey: null })
  const refusal = await mac.reseal().catch((error) => error)
  expect(refusal).toBeInstanceOf(TypeError)
  expect(refusal.message).toMatch(/^withmac: reseal needs a sealing key: set MAC_SEALING_KEY/)
  for (const wrong of [{ onProgress: 1 }, { vacuum: 'yes' }, { force: true }]) {
    await expect(mac.reseal(wrong as object)).rejects.toThrow(/^withmac: reseal: /)
  }
  await mac.close()
})

test('reseal reports keys that cannot be opened, leaves them, and seals all others', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const mac = open(path, [TWO, ONE])
  const one = open(path, ONE)
  const [ada, bob] = [await one.createCredential('ada'), await one.createCredential('bob')]
  await one.close()
  const database = openDatabase(path)
  database.exec(`update mac_credentials set key = 'v1.moved' where id = '${ada.id}'`)
  expect(await mac.reseal()).toMatchObject({ resealed: 1, unopened: [ada.id] })
  const [[text]] = rowsOf(database, `select key from mac_credentials where id = '${ada.id}'`) as [
    [string],
  ]
  database.close()
  expect(text).toBe('v1.moved')
  expect(await outcomes(mac, [bob])).toEqual(['200'])
  await mac.close()
})

test('reseal keeps keys that are changed meanwhile, and seals them in another round', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const before = open(path, null)
  const given = await fill(before, 300)
  const mac = open(path, ONE)
  const [id = '', last = ''] = [given[0]?.id, given.at(-1)?.id]
  const rotated: Promise<Given>[] = []
  const onProgress = () => {
    if (rotated.length > 0) return
    for (const which of [id, last]) {
      rotated.push(before.rotateCredential(which, { endEarlierGrace: true }))
    }
  }
  // The changed credentials may have been sealed before, and then again.
  const { resealed, unopened } = await mac.reseal({ onProgress })
  expect([300, 301, 302]).toContain(resealed)
  expect(unopened).toEqual([])
  const still = given.filter((each) => each.id !== id && each.id !== last)
  expect(await outcomes(mac, [...still, ...(await Promise.all(rotated))])).toEqual(['200'])
  expect(await mac.reseal()).toMatchObject({ resealed: 0 })
  await Promise.all([before, mac].map((each) => each.close()))
})

test('reseal keeps a change that happens just before a batch', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const before = open(path, null)
  const { id } = await before.createCredential('ada')
  let rotated: Given | null = null
  const { resealed } = await withDatabase(path, (db) => {
    let works = 0
    const guarded: Guard = async (work) => {
      // The first work is the count.
      if (++works === 2) rotated = await before.rotateCredential(id)
      return work()
    }
    const guards = { guarded, patient: guarded, vacuum: false }
    return reseal({ db, language: 'sqlite', sealer: readSealer(ONE), ...guards }, {})
  })
  expect(resealed).toBe(1)
  await before.close()
  const mac = open(path, ONE)
  expect(await outcomes(mac, [rotated as unknown as Given])).toEqual(['200'])
  expect(await mac.reseal()).toMatchObject({ resealed: 0 })
  await mac.close()
})

describe("in a caller's own Kysely", () => {
  test('reseal seals all keys and restores the settings of the connection, and the sealing key is needed', async () => {
    using folder = temporaryFolder()
    const connection = openDatabase(folder.path('app.db'))
    connection.exec('pragma secure_delete = off')
    const database = new Kysely<MacDatabase>({ dialect: await applicationDialect(connection) })
    const before = createMac({ database, sealingKey: null })
    const given = await fill(before, 30)
    await before.close()
    const mac = createMac({ database, sealingKey: ONE })
    expect(await mac.reseal({ vacuum: true })).toMatchObject({ resealed: 30, logEmptied: true })
    expect(rowsOf(connection, 'pragma secure_delete')).toEqual([[0]])
    expect(await outcomes(mac, given)).toEqual(['200'])
    await mac.close()
    const unkeyed = createMac({ database, sealingKey: null })
    await expect(unkeyed.ready()).rejects.toMatchObject({ code: 'ERR_MAC_SEALED' })
    await database.destroy()
    const keys = given.map(({ key }) => key)
    expect(steal(folder.path('app.db'), folder.path('stolen')).holds(keys)).toEqual([])
  })
})

test('reseal rewrites the file; without that, keys may be left between the rows', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const mac = open(path, ONE)
  await mac.ready()
  const database = openDatabase(path)
  database.exec('pragma secure_delete = off')
  const rows = `with recursive row(n) as (select 1 union all select n + 1 from row where n < 5000)
    insert into mac_credentials (id, user, key, algorithm, created)
    select hex(randomblob(12)), 'ada', 'K' || hex(randomblob(20)), 'hmac-sha-256', 1 from row`
  database.exec(rows)
  const keys = rowsOf(database, 'select key from mac_credentials').map(([key]) => String(key))
  database.close()
  await mac.reseal({ vacuum: false })
  const left = steal(path, folder.path('left')).holds(keys)
  expect(left.length).toBeGreaterThan(0)
  expect(await mac.reseal()).toMatchObject({ resealed: 0, logEmptied: true })
  expect(steal(path, folder.path('none')).holds(keys)).toEqual([])
  await mac.close()
})

test('emptyWal returns false while another connection is reading', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const mac = open(path, ONE)
  await mac.createCredential('ada')
  const reader = openDatabase(path)
  reader.exec('begin')
  rowsOf(reader, 'select id from mac_credentials')
  await mac.createCredential('eve')
  await withDatabase(path, async (db) => {
    expect(await emptyWal(db, 50)).toBe(false)
    reader.exec('commit')
    expect(await emptyWal(db, 5000)).toBe(true)
  })
  reader.close()
  await mac.close()
})

test('no key is left in a file after reseal, whatever the lengths of the keys', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const before = createMac({ database: `sqlite:${path}`, sealingKey: null })
  const keys: string[] = []
  for (let at = 0; at < 60; at++) {
    const key = `K${at}-`.padEnd(at % 3 === 0 ? 43 : 900, `abcdefgh${at}Z`)
    keys.push((await before.createCredential(`u${at}`, { id: `c${at}`, key })).key)
  }
  const mac = open(path, ONE)
  await mac.reseal()
  const beginnings = keys.map((key) => key.slice(0, 30))
  expect(steal(path, folder.path('stolen')).holds(beginnings)).toEqual([])
  await mac.close()
  await before.close()
})
