import { Kysely } from 'kysely'
import { publishBatches } from '../../src/diagnostics.ts'
import { createMac } from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { temporaryFolder } from '../support/folder.ts'
import { hearing } from '../support/hearing.ts'
import { expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'
import { applicationDialect, openDatabase } from '../support/sqlite.ts'

const URL = 'http://example.com/a'

test('each batch is published with its size, the number of new nonces, and its time', async () => {
  const mac = createMac({ database: 'sqlite::memory:' })
  const ada = await mac.createCredential('ada')
  const again = signed(ada, URL, { nonce: 'again' })
  await mac.verify(again.clone())
  using heard = hearing()
  const requests = [again, ...Array.from({ length: 8 }, () => signed(ada, URL))]
  await Promise.all(requests.map((request) => mac.verify(request)))
  const total = (key: 'size' | 'added') => heard.batch.reduce((sum, each) => sum + each[key], 0)
  expect([total('size'), total('added')]).toEqual([8, 8])
  expect(heard.batch.length).toBeLessThan(9)
  for (const { milliseconds } of heard.batch) expect(milliseconds).toBeGreaterThan(0)
})

test('a batch that fails is not published', async () => {
  using heard = hearing()
  const full = () => {
    throw new Error('disk full')
  }
  expect(() => publishBatches('sqlite:mac.db', full)([])).toThrow('disk full')
  const later = publishBatches('sqlite:mac.db', async () => full())
  await expect(later([])).rejects.toThrow('disk full')
  expect(heard.batch).toEqual([])
})

test("batches in the caller's Kysely are published too", async () => {
  await using database = new Kysely<object>({
    dialect: await applicationDialect(openDatabase(':memory:')),
  })
  const mac = createMac({ database })
  const ada = await mac.createCredential('ada')
  using heard = hearing()
  await mac.verify(signed(ada, URL))
  expect(heard.batch).toMatchObject([{ database: 'kysely', size: 1, added: 1 }])
})

test('a cleanup is published if it removed something', async () => {
  const clock = new Clock()
  using folder = temporaryFolder()
  const url = `sqlite:${folder.path('mac.db')}`
  const mac = createMac({ database: url, now: clock.now })
  const ada = await mac.createCredential('ada')
  for (const _ of 'abc') await mac.verify(signed(ada, URL, { ts: clock.seconds }))
  using heard = hearing()
  await mac.prune()
  expect(heard.pruned).toEqual([])
  clock.seconds += 1000
  expect(await mac.prune()).toBe(3)
  expect(heard.pruned).toEqual([
    { database: url, what: 'nonces', removed: 3, milliseconds: expect.any(Number) },
  ])
  await mac.close()
})

test('the removal of old keys, and of credentials that remove themselves, is published', async () => {
  const clock = new Clock()
  const mac = createMac({ database: 'sqlite::memory:', now: clock.now })
  const { id } = await mac.createCredential('ada')
  await mac.createCredential('eve', { expires: clock.seconds + 5, removeWhenExpired: true })
  await mac.rotateCredential(id, { graceSeconds: 10 })
  using heard = hearing()
  await mac.prune()
  expect(heard.pruned).toEqual([])
  clock.seconds += 100_000
  await mac.prune()
  expect(heard.pruned).toMatchObject([
    { database: 'sqlite::memory:', what: 'credentials', removed: 2 },
  ])
})

test('a rotation is published with the end of the grace, or null', async () => {
  const clock = new Clock()
  const mac = createMac({ database: 'sqlite::memory:', now: clock.now })
  const { id } = await mac.createCredential('ada')
  using heard = hearing()
  await mac.rotateCredential(id, { graceSeconds: 60 })
  await mac.rotateCredential(id, { graceSeconds: 0 })
  await expect(mac.rotateCredential('nobody')).rejects.toThrow()
  const message = { database: 'sqlite::memory:', id, user: 'ada' }
  expect(heard.rotated).toEqual([
    { ...message, keyNumber: 2, graceEnds: new Date((clock.seconds + 60) * 1000) },
    { ...message, keyNumber: 3, graceEnds: null },
  ])
})
