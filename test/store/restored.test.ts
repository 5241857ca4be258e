import { type RawBuilder, sql } from 'kysely'
import { openStore } from '../../src/store/open.ts'
import type { NonceStore } from '../../src/store/types.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { stored } from '../support/stored.ts'
import { withDatabase } from '../support/with-database.ts'

const NOW = 1_700_000_000

test('a nonce that was removed before a process started is not new after a restore from a backup', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const open = () => openStore({ path, driver: 'own' })
  const record = async (nonces: NonceStore, timestamp: number, nonce: string) => {
    const given = { timestamp, credential: 'ada', keyNumber: 1, nonce, now: NOW }
    return (await nonces.record(given)).verdict
  }
  const first = await open()
  await first.credentials.insert(stored('ada'))
  expect(await record(first.nonces, NOW - 400, 'old')).toBe('new')
  expect(await record(first.nonces, NOW, 'recent')).toBe('new')
  const copy = `${path}.copy`
  await withDatabase(path, (db) => sql`vacuum into ${copy}`.execute(db))
  expect(await first.nonces.prune(NOW, 300, 1000)).toBe(1)

  // The newest row is the same before and after the restore.
  const second = await open()
  await withDatabase(path, async (db) => {
    await sql`attach ${copy} as backup`.execute(db)
    await db.transaction().execute(async (restoring) => {
      for (const table of ['mac_nonce_log', 'mac_state']) {
        const [to, from] = [sql.table(table), sql.table(`backup.${table}`)]
        await sql`delete from ${to}`.execute(restoring)
        await sql`insert into ${to} select * from ${from}`.execute(restoring)
      }
    })
  })
  for (const { nonces } of [first, second]) {
    expect(await record(nonces, NOW - 400, 'old')).not.toBe('new')
    expect(await record(nonces, NOW, 'recent')).toBe('seen')
  }
  await first.close()
  await second.close()
})

test('a damaged row of another process is not skipped', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const open = () => openStore({ path, driver: 'own' })
  const [first, second] = [await open(), await open()]
  const record = async (nonces: NonceStore) =>
    nonces.record({ timestamp: NOW, credential: 'ada', keyNumber: 1, nonce: 'n', now: NOW })
  expect((await record(first.nonces)).verdict).toBe('new')
  const entries = (bytes: RawBuilder<unknown>) =>
    withDatabase(path, (db) =>
      sql`update mac_nonce_log set entries = ${bytes} where seq = 2`.execute(db),
    )
  await entries(sql`cast(entries || 'x' as blob)`)
  for (let time = 0; time < 3; time++) {
    await expect(record(second.nonces)).rejects.toThrow(/mac_nonce_log is damaged/)
  }
  await entries(sql`substr(entries, 1, 12)`)
  expect((await record(second.nonces)).verdict).toBe('seen')
  await first.close()
  await second.close()
})
