import { Kysely, PostgresDialect } from 'kysely'
import { Pool } from 'pg'
import { databaseSource } from '../../src/store/database-url.ts'
import { findKeys, lookUpOf } from '../../src/store/look-up.ts'
import { openStore } from '../../src/store/open.ts'
import { refuseStandby } from '../../src/store/postgres/server-check.ts'
import type { MacDatabase } from '../../src/store/schema.ts'
import { readSealer, UNSEALED } from '../../src/store/sealing/sealer.ts'
import { inPostgres, newSchema, rowsIn } from '../support/postgres.ts'
import { afterAll, expect, test } from '../support/runner.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { stored } from '../support/stored.ts'

const server = await startPostgres()
afterAll(() => server[Symbol.asyncDispose]())

/** Creates 2,000 credentials, every second one with an old key. */
async function filled(sealed: boolean) {
  const url = await newSchema(server.url)
  const sealer = sealed ? readSealer(`${'A'.repeat(42)}E`) : UNSEALED
  const store = await openStore(databaseSource(url), { sealer })
  const key = 'k'.repeat(43)
  const oldKey = { key, algorithm: 'hmac-sha-256', until: 10 } as const
  const idOf = (at: number) => String(at).padStart(24, '0')
  await store.credentials.insert(stored(idOf(0), { key, keyNumber: 2 }))
  await store.credentials.insert(stored(idOf(1), { key, keyNumber: 2, oldKey }))
  await store.close()
  await inPostgres(url, async (client) => {
    await client.query(`insert into mac_credentials (id, algorithm, key, key_number, created, "user")
      select lpad(i::text, 24, '0'), 'hmac-sha-256', repeat('k', 43), 1, i, 'u'
      from generate_series(2, 2000) as i`)
    await client.query('analyze')
  })
  const db = new Kysely<MacDatabase>({
    dialect: new PostgresDialect({ pool: new Pool({ connectionString: url }) }),
  })
  const { query } = findKeys(db, sealer, 'postgres')
  await db.destroy()
  const ask = (id: string) => lookUpOf(query, id)
  return { url, ask, ids: [idOf(0), idOf(1), idOf(5000)] }
}

test.each([false, true])(
  'a look-up of keys has the same plan, the same columns and the same lengths for known and unknown identifiers (sealed: %s)',
  async (sealed) => {
    const { url, ask, ids } = await filled(sealed)
    const plans = new Set<string>()
    const lengths = new Set<string>()
    for (const id of ids) {
      const { sql: text, parameters } = ask(id)
      const explained = await rowsIn(url, `explain (costs off) ${text}`, parameters)
      const plan = explained.map((row) => String(Object.values(row)[0])).join('\n')
      plans.add(plan.replaceAll(id, 'ID'))
      const [row = {}] = await rowsIn(url, text, parameters)
      const { version: _, ...columns } = row
      lengths.add(
        JSON.stringify(Object.entries(columns).map(([name, value]) => [name, `${value}`.length])),
      )
    }
    expect(plans.size).toBe(1)
    expect([...plans][0]).toContain('Index Scan using mac_credentials_pkey')
    expect([...plans][0]).not.toContain('Seq Scan on mac_credentials')
    expect(lengths.size).toBe(1)
  },
)

test('the text of a look-up is the same in each process, so that its plan can be kept', async () => {
  const [one, other] = [await filled(true), await filled(true)]
  expect(one.ask('x').sql).toBe(other.ask('x').sql)
  expect(one.ask('x').parameters).not.toEqual(other.ask('x').parameters)
})

test('a row of a standby is refused, and one of a primary is not', () => {
  for (const standby of [1, '1', null, undefined])
    expect(() => refuseStandby({ standby })).toThrow()
  for (const standby of [0, '0', 0n]) refuseStandby({ standby })
})
