import { Kysely } from 'kysely'
import { createMac } from '../../src/index.ts'
import { openSqlite } from '../../src/store/drivers/choose-driver.ts'
import type { StateName } from '../../src/store/schema.ts'
import { Clock } from '../support/clock.ts'
import { temporaryFolder } from '../support/folder.ts'
import { describe, expect, test } from '../support/runner.ts'
import { serverOnFile } from '../support/server-on-file.ts'
import { withDatabase } from '../support/with-database.ts'

const ANOTHER_BOOT = 12_345

function state(path: string, name: StateName): Promise<number> {
  return withDatabase(path, async (db) => {
    const row = db.selectFrom('mac_state').select('value').where('name', '=', name)
    return (await row.executeTakeFirstOrThrow()).value
  })
}

/**
 * What a power cut leaves, of a closed database: the boot that it was written on is another than the
 * machine's from now on, and the nonces from a timestamp on are lost.
 */
function cutPower(path: string, lostFrom: number): Promise<void> {
  return withDatabase(path, async (db) => {
    await db.deleteFrom('mac_nonces').where('ts', '>=', lostFrom).execute()
    await db
      .updateTable('mac_state')
      .set({ value: ANOTHER_BOOT })
      .where('name', '=', 'boot')
      .execute()
  })
}

describe("with durability 'normal'", () => {
  const options = { durability: 'normal' } as const

  test('a power cut lets nothing that was accepted pass again, and says why', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const clock = new Clock()
    const before = await serverOnFile(path, clock, options)
    const start = clock.seconds
    for (const age of [0, 1, 4, 300]) expect(await before.send(start - age, 'n')).toBe('200')
    clock.seconds += 4
    expect(await before.send(clock.seconds, 'last')).toBe('200')
    await before.mac.close()
    await cutPower(path, start - 300)

    const errors: string[] = []
    const after = await serverOnFile(path, clock, {
      ...options,
      onReject: ({ message }) => errors.push(message),
    })
    for (const age of [0, 1, 4]) {
      expect(await after.send(start - age, 'n')).toBe('401 ERR_MAC_TIMESTAMP_STALE')
    }
    expect(await after.send(clock.seconds, 'last')).toBe('401 ERR_MAC_TIMESTAMP_STALE')
    for (const message of errors) expect(message).toContain('the machine lost power')
    expect(errors[0]).toContain(`Nonces are known from ${start + 6} (2`)
    await after.mac.close()
  })

  test('after a power cut later timestamps are accepted, a few seconds on', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const clock = new Clock()
    const before = await serverOnFile(path, clock, options)
    expect(await before.send(clock.seconds, 'n')).toBe('200')
    await before.mac.close()
    await cutPower(path, clock.seconds)
    const after = await serverOnFile(path, clock, options)
    clock.seconds += 5
    expect(await after.send(clock.seconds, 'm')).toBe('401 ERR_MAC_TIMESTAMP_STALE')
    clock.seconds += 1
    expect(await after.send(clock.seconds, 'm')).toBe('200')
    await after.mac.close()
  })

  test('a client whose clock runs ahead does not make the time of refusals longer', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const clock = new Clock()
    const { mac, send } = await serverOnFile(path, clock, options)
    expect(await send(clock.seconds + 300, 'ahead')).toBe('200')
    expect(await state(path, 'high_water')).toBe(clock.seconds + 5)
    await mac.close()
  })

  test('the mark stays as long as timestamps lie below it, and never sinks', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const clock = new Clock()
    const start = clock.seconds
    const { mac, send } = await serverOnFile(path, clock, options)
    const marks: number[] = []
    for (const step of [0, 3, 2, 1, -100]) {
      clock.seconds += step
      expect(await send(clock.seconds, 'n')).toBe('200')
      marks.push((await state(path, 'high_water')) - start)
    }
    expect(marks).toEqual([5, 5, 5, 11, 11])
    await mac.close()
  })

  test('on the same boot nothing is refused', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const clock = new Clock()
    for (const nonce of ['first', 'second']) {
      const { mac, send } = await serverOnFile(path, clock, options)
      expect(await send(clock.seconds, nonce)).toBe('200')
      await mac.close()
    }
    const { mac, send } = await serverOnFile(path, clock, options)
    expect(await send(clock.seconds, 'first')).toBe('401 ERR_MAC_REPLAY')
    await mac.close()
  })

  test('a power cut is made up for also where the next to open it has another durability', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const clock = new Clock()
    const before = await serverOnFile(path, clock, options)
    expect(await before.send(clock.seconds, 'n')).toBe('200')
    await before.mac.close()
    await cutPower(path, clock.seconds)
    const full = await serverOnFile(path, clock)
    expect(await full.send(clock.seconds, 'n')).toBe('401 ERR_MAC_TIMESTAMP_STALE')
    await full.mac.close()
    // Another process may still be at work with 'normal': the boot stays noted.
    expect(await state(path, 'boot')).not.toBe(0)
  })
})

test("with durability 'full' another boot is no matter", async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const clock = new Clock()
  const before = await serverOnFile(path, clock)
  expect(await before.send(clock.seconds, 'n')).toBe('200')
  await before.mac.close()
  expect(await state(path, 'boot')).toBe(0)
  const after = await serverOnFile(path, clock)
  expect(await after.send(clock.seconds, 'n')).toBe('401 ERR_MAC_REPLAY')
  expect(await after.send(clock.seconds, 'm')).toBe('200')
  await after.mac.close()
})

test('durability is for a database URL, and one of two words', async () => {
  const { dialect } = await openSqlite(':memory:', 'own')
  const database = new Kysely<unknown>({ dialect })
  expect(() => createMac({ database, durability: 'full' })).toThrow(/as durable as you set it up/)
  expect(() => createMac({ durability: 'fast' as 'full' })).toThrow(/durability/)
  await database.destroy()
})
