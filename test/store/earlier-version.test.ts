import { sql } from 'kysely'
import { createMac } from '../../src/index.ts'
import { MIGRATIONS } from '../../src/store/migrations.ts'
import { Clock } from '../support/clock.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { serverOnFile } from '../support/server-on-file.ts'
import { withDatabase } from '../support/with-database.ts'

/** Makes a database as the first version did, with a credential and a nonce in it. */
function makeFirstVersion(path: string, ts: number): Promise<void> {
  return withDatabase(path, async (db) => {
    await sql`create table mac_schema (version integer primary key not null)`.execute(db)
    await MIGRATIONS[0]?.up(db)
    await db.insertInto('mac_schema').values({ version: 1 }).execute()
    await db
      .insertInto('mac_credentials')
      .values({
        ...{ id: 'ada', user: 'ada', key: 'key', algorithm: 'hmac-sha-256', label: 'laptop' },
        ...{ created: 0, expires: null, revoked: null, clock_offset: null },
      })
      .execute()
    await db.insertInto('mac_nonces').values({ ts, credential: 'ada', nonce: 'before' }).execute()
  })
}

test('a database of the first version is used as it is, and its nonces count', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const clock = new Clock()
  await makeFirstVersion(path, clock.seconds)
  const { mac, send } = await serverOnFile(path, clock)
  expect((await mac.getCredential('ada'))?.label).toBe('laptop')
  expect(await send(clock.seconds, 'before')).toBe('401 ERR_MAC_REPLAY')
  expect(await send(clock.seconds, 'after')).toBe('200')
  await mac.revokeCredential('ada')
  expect(await send(clock.seconds, 'later')).toBe('401 ERR_MAC_REJECTED')
  await mac.close()
})

test('triggers of the second version make room for those of today', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const clock = new Clock()
  await makeFirstVersion(path, clock.seconds)
  await withDatabase(path, async (db) => {
    await MIGRATIONS[1]?.up(db)
    await db.insertInto('mac_schema').values({ version: 2 }).execute()
    for (const [name, when] of [
      ['changed', sql`after update on mac_credentials`],
      ['removed', sql`after delete on mac_credentials`],
      ['replaced', sql`before insert on mac_credentials`],
    ] as const) {
      const count = sql`update mac_state set value = value + 1 where name = 'credentials_version'`
      const trigger = sql.ref(`mac_credentials_${name}`)
      await sql`create trigger ${trigger} ${when} begin ${count}; end`.execute(db)
    }
  })
  const { mac, send } = await serverOnFile(path, clock)
  expect(await send(clock.seconds, 'once')).toBe('200')
  await mac.close()
  const triggers = await withDatabase(path, (db) =>
    sql<{ name: string }>`select name from sqlite_master where type = 'trigger' order by 1`.execute(
      db,
    ),
  )
  const names = triggers.rows.map(({ name }) => name.slice('mac_credentials_'.length))
  expect(names).toEqual(['deleted', 'overwritten', 'updated'])
})

test('two processes may bring it up to date at once', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  await makeFirstVersion(path, 1)
  const macs = Array.from({ length: 2 }, () => createMac({ database: `sqlite:${path}` }))
  await Promise.all(macs.map((mac) => mac.ready()))
  for (const mac of macs) expect(await mac.listCredentials()).toHaveLength(1)
  await Promise.all(macs.map((mac) => mac.close()))
})
