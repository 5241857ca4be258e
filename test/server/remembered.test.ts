import { createHmac } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { createMac } from '../../src/index.ts'
import { verifyCached } from '../../src/server/authenticate.ts'
import { CredentialCache, credentialKeys } from '../../src/server/credential-cache.ts'
import type { MacDatabase } from '../../src/store/schema.ts'
import type { StoredCredential } from '../../src/store/types.ts'
import { Clock } from '../support/clock.ts'
import { temporaryFolder } from '../support/folder.ts'
import { nonceRows } from '../support/nonce-rows.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { type Signing, signed } from '../support/sign.ts'
import { withDatabase } from '../support/with-database.ts'

const KEY = { id: 'ada', key: 'a-key-that-holds-128-bits' }

/** Opens one file twice, as two processes do, with a credential that one of them has cached. */
async function twoServers() {
  const folder = temporaryFolder()
  const clock = new Clock()
  const database = `sqlite:${folder.path('mac.db')}`
  const messages: string[] = []
  const ext = (given: string | null) => {
    if (given === 'throw') throw new Error('an ext function that fails')
    return given !== 'no'
  }
  const here = createMac({
    database,
    now: clock.now,
    ext,
    onReject: ({ message }) => messages.push(message),
  })
  const there = createMac({ database, now: clock.now })
  const app = here.withMac(() => new Response())
  const send = (signing: Signing = {}, key = KEY) =>
    outcome(app(signed(key, 'http://example.com/a', { ts: clock.seconds, ...signing })))
  await there.createCredential('ada', { ...KEY, expires: null })
  expect(await send()).toBe('200')
  return {
    clock,
    messages,
    there,
    send,
    path: folder.path('mac.db'),
    async [Symbol.asyncDispose]() {
      await Promise.all([here.close(), there.close()])
      folder[Symbol.dispose]()
    },
  }
}

describe('a cached credential', () => {
  test('that another process revoked is rejected at its next request', async () => {
    await using place = await twoServers()
    await place.there.revokeCredential('ada')
    expect(await place.send()).toBe('401 ERR_MAC_REJECTED')
    expect(await place.send()).toBe('401 ERR_MAC_REJECTED')
  })

  test('that another process deleted is rejected at its next request', async () => {
    await using place = await twoServers()
    await place.there.deleteCredential('ada')
    expect(await place.send()).toBe('401 ERR_MAC_REJECTED')
  })

  test('that another process replaced is rejected with the old key and accepted with the new', async () => {
    await using place = await twoServers()
    await place.there.deleteCredential('ada')
    await place.there.createCredential('eve', {
      id: 'ada',
      key: 'another-a-key-that-holds-128-bits',
      expires: null,
    })
    expect(await place.send()).toBe('401 ERR_MAC_REJECTED')
    expect(await place.send({}, { id: 'ada', key: 'another-a-key-that-holds-128-bits' })).toBe(
      '200',
    )
    expect(await place.send()).toBe('401 ERR_MAC_REJECTED')
  })

  test('that another process replaced writes no more nonces after the first rejection', async () => {
    await using place = await twoServers()
    await place.there.deleteCredential('ada')
    await place.there.createCredential('eve', {
      id: 'ada',
      key: 'another-a-key-that-holds-128-bits',
      expires: null,
    })
    expect(await place.send()).toBe('401 ERR_MAC_REJECTED')
    const noticed = await nonceRows(place.path)
    for (let time = 0; time < 3; time++) expect(await place.send()).toBe('401 ERR_MAC_REJECTED')
    expect(await nonceRows(place.path)).toBe(noticed)
  })

  test('that was revoked gets the common 401, also for a replay, a stale timestamp or a bad ext', async () => {
    await using place = await twoServers()
    expect(await place.send({ nonce: 'once' })).toBe('200')
    const old = { ts: place.clock.seconds - 301 }
    for (const signing of [{ nonce: 'once' }, old, { ext: 'no' }, { ext: 'throw' }]) {
      await place.there.revokeCredential('ada')
      expect(await place.send(signing)).toBe('401 ERR_MAC_REJECTED')
      await withDatabase(place.path, (db) =>
        db.updateTable('mac_credentials').set({ revoked: null }).execute(),
      )
      expect(await place.send()).toBe('200')
    }
  })

  test('is accepted while others are created, revoked and deleted', async () => {
    await using place = await twoServers()
    await place.there.createCredential('eve', { id: 'eve' })
    expect(await place.send()).toBe('200')
    await place.there.revokeCredential('eve')
    expect(await place.send()).toBe('200')
    await place.there.deleteCredential('eve')
    expect(await place.send()).toBe('200')
  })
})

describe('a change that is made by hand, with SQL, takes effect at the next request:', () => {
  const changes: readonly [string, (db: Kysely<MacDatabase>) => Promise<unknown>][] = [
    ['an update', (db) => db.updateTable('mac_credentials').set({ revoked: 1 }).execute()],
    ['a deletion', (db) => db.deleteFrom('mac_credentials').execute()],
    ['an earlier expiry', (db) => db.updateTable('mac_credentials').set({ expires: 1 }).execute()],
    [
      'a replacement',
      (db) =>
        db
          .replaceInto('mac_credentials')
          .values({
            ...{
              id: 'ada',
              user: 'ada',
              key: 'another-a-key-that-holds-128-bits',
              algorithm: 'hmac-sha-256',
              label: null,
            },
            ...{ created: 0, expires: null, revoked: null, clock_offset: null },
          })
          .execute(),
    ],
  ]

  test.each(changes)('%s', async (_, change) => {
    await using place = await twoServers()
    await withDatabase(place.path, change)
    expect(await place.send()).toMatch(/^401 ERR_MAC_(REJECTED|EXPIRED)$/)
  })

  test('a later expiry', async () => {
    await using place = await twoServers()
    const { seconds } = place.clock
    const expire = (expires: number) =>
      withDatabase(place.path, (db) => db.updateTable('mac_credentials').set({ expires }).execute())
    await expire(seconds + 10)
    expect(await place.send()).toBe('200')
    await expire(seconds + 100)
    place.clock.seconds += 20
    expect(await place.send()).toBe('200')
    place.clock.seconds += 100
    expect(await place.send()).toBe('401 ERR_MAC_EXPIRED')
  })
})

describe('the credential cache', () => {
  test('is not used if an earlier state of the database was restored in place, and changed again', async () => {
    await using place = await twoServers()
    await place.there.createCredential('eve', { id: 'eve' })
    const copy = `${place.path}.copy`
    await withDatabase(place.path, (db) => sql`vacuum into ${copy}`.execute(db))
    await place.there.revokeCredential('eve')
    expect(await place.send()).toBe('200')
    // Restores the mark and then makes one change. A counter of changes would show the same value.
    await withDatabase(place.path, async (db) => {
      await sql`attach ${copy} as backup`.execute(db)
      await sql`update mac_state set value =
        (select value from backup.mac_state where name = 'credentials_mark')
        where name = 'credentials_mark'`.execute(db)
      await db.updateTable('mac_credentials').set({ revoked: 1 }).where('id', '=', 'ada').execute()
    })
    expect(await place.send()).toBe('401 ERR_MAC_REJECTED')
  })

  test('is not used if the table lost its triggers and a process created them again', async () => {
    await using place = await twoServers()
    await withDatabase(place.path, async (db) => {
      for (const name of ['updated', 'deleted', 'overwritten']) {
        await sql`drop trigger ${sql.ref(`mac_credentials_${name}`)}`.execute(db)
      }
      await db.updateTable('mac_credentials').set({ revoked: 1 }).execute()
    })
    const third = createMac({ database: `sqlite:${place.path}` })
    await third.ready()
    await third.close()
    expect(await place.send()).toBe('401 ERR_MAC_REJECTED')
    await withDatabase(place.path, (db) =>
      db.updateTable('mac_credentials').set({ revoked: null }).execute(),
    )
    expect(await place.send()).toBe('200')
    await place.there.revokeCredential('ada')
    expect(await place.send()).toBe('401 ERR_MAC_REJECTED')
  })

  test('is not used if the table was rebuilt by hand, which removes its triggers', async () => {
    for (const end of ['revokeCredential', 'deleteCredential'] as const) {
      await using place = await twoServers()
      await withDatabase(place.path, async (db) => {
        await sql`create table rebuilt as select * from mac_credentials`.execute(db)
        await sql`drop table mac_credentials`.execute(db)
        await sql`alter table rebuilt rename to mac_credentials`.execute(db)
      })
      expect(await place.send()).toBe('200')
      await place.there[end]('ada')
      expect(await place.send()).toBe('401 ERR_MAC_REJECTED')
    }
  })

  test('is still used after a creation that fails because the identifier exists', async () => {
    await using place = await twoServers()
    const version = () =>
      withDatabase(place.path, (db) =>
        db
          .selectFrom('mac_state')
          .select('value')
          .where('name', '=', 'credentials_mark')
          .executeTakeFirstOrThrow(),
      )
    const before = await version()
    await place.there.createCredential('ada', { ...KEY, ifExists: 'keep' })
    await place.there.createCredential('ada', KEY).catch(() => null)
    expect(await version()).toEqual(before)
  })

  test.each([['nonce_floor'], ['credentials_mark']] as const)(
    'is not used if the database has lost its %s, and every request gets a 503',
    async (name) => {
      await using place = await twoServers()
      const messages = place.messages
      await withDatabase(place.path, (db) =>
        db.deleteFrom('mac_state').where('name', '=', name).execute(),
      )
      expect(await place.send()).toBe('503 ERR_MAC_STORE')
      expect(messages.at(-1)).toContain(`mac_state lacks the row ${name}`)
    },
  )
})

/** Caches credentials, as their first request does. */
function keepMany(cache: CredentialCache, from: number, to: number): void {
  for (let at = from; at < to; at++) {
    cache.keep(
      credentialKeys({ id: `id-${at}`, key: 'k', algorithm: 'hmac-sha-1' } as StoredCredential, 1),
    )
  }
}

test('the cache holds at least the last 10,000 credentials, and at most 20,000', () => {
  const cache = new CredentialCache()
  keepMany(cache, 0, 35_050)
  const kept = Array.from({ length: 35_050 }, (_, at) => cache.get(`id-${at}`)).filter(Boolean)
  expect(kept.length).toBeGreaterThanOrEqual(10_000)
  expect(kept.length).toBeLessThanOrEqual(20_000)
  expect(cache.get(`id-${35_049 - kept.length}`)).toBeUndefined()
  expect(cache.get(`id-${35_050 - kept.length}`)).toBeDefined()
})

describe('if there are more credentials than the cache holds, the cache', () => {
  const sent = (id: string, key: string) => ({
    ...{ id, ts: '1', nonce: 'n', ext: null },
    mac: createHmac('sha1', key).update('text').digest('base64'),
  })

  test('keeps a credential that signs all the time, and a wrong MAC keeps none', () => {
    const cache = new CredentialCache()
    keepMany(cache, 0, 10_000)
    for (let at = 10_000; at < 40_000; at += 5000) {
      expect(verifyCached(sent('id-0', 'k'), ['text'], cache)).not.toBe(null)
      if (at < 20_000) expect(verifyCached(sent('id-1', 'guessed'), ['text'], cache)).toBe(null)
      keepMany(cache, at, at + 5000)
    }
    expect(cache.get('id-0')).toBeDefined()
    expect(cache.get('id-1')).toBeUndefined()
  })

  test('keeps a credential that signs with its old key in the grace', () => {
    const cache = new CredentialCache()
    const oldKey = { key: 'old', algorithm: 'hmac-sha-1', until: 1 }
    const rotated = { id: 'id', key: 'new', algorithm: 'hmac-sha-1', keyNumber: 2, oldKey }
    cache.keep(credentialKeys(rotated as StoredCredential, 1))
    keepMany(cache, 0, 9999)
    expect(verifyCached(sent('id', 'old'), ['text'], cache)?.number).toBe(1)
    keepMany(cache, 9999, 19_000)
    expect(verifyCached(sent('id', 'old'), ['text'], cache)?.number).toBe(1)
    keepMany(cache, 19_000, 28_000)
    expect(cache.get('id')).toBeDefined()
  })

  test('keeps a credential that was read from the store again', () => {
    const cache = new CredentialCache()
    keepMany(cache, 0, 10_000)
    keepMany(cache, 0, 1)
    keepMany(cache, 10_000, 19_000)
    keepMany(cache, 0, 1)
    keepMany(cache, 19_000, 28_000)
    expect(cache.get('id-0')).toBeDefined()
  })

  test('drops credentials that did not sign again, and some even if all did', () => {
    const cache = new CredentialCache()
    keepMany(cache, 0, 15_000)
    for (let at = 0; at < 10; at++) verifyCached(sent(`id-${at}`, 'k'), ['text'], cache)
    keepMany(cache, 15_000, 20_000)
    expect(cache.get('id-9')).toBeDefined()
    expect(cache.get('id-10')).toBeUndefined()
    const all = Array.from({ length: 40_000 }, (_, at) => `id-${at}`)
    for (const id of all) verifyCached(sent(id, 'k'), ['text'], cache)
    keepMany(cache, 20_000, 40_000)
    expect(all.filter((id) => cache.get(id) !== undefined).length).toBeLessThanOrEqual(20_000)
  })
})
