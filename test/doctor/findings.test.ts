import { existsSync } from 'node:fs'
import { Kysely, type LogEvent } from 'kysely'
import { databaseFindings } from '../../src/doctor/database.ts'
import { adviceText, type Finding } from '../../src/doctor/finding.ts'
import { createMac } from '../../src/index.ts'
import { databaseSource, parseDatabaseUrl } from '../../src/store/database-url.ts'
import { openSqlite } from '../../src/store/drivers/choose-driver.ts'
import type { MacDatabase } from '../../src/store/schema.ts'
import { readSealer } from '../../src/store/sealing/sealer.ts'
import { databaseContent } from '../support/database-content.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'

/** Makes a database file with one credential, which is valid for a year. */
async function makeDatabase(url: string, sealingKey: string | null = null): Promise<void> {
  const mac = createMac({ database: url, sealingKey })
  await mac.createCredential('ada', { id: 'a b', expires: new Date(Date.now() + 365 * 86_400_000) })
  await mac.close()
}

function subjects(findings: readonly Finding[]): string[] {
  return findings.map(({ state, subject }) => `${state} ${subject}`)
}

test('finds no problem in the file of an open Mac, and changes nothing in it', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  await makeDatabase(`sqlite:${path}`)
  const mac = createMac({ database: `sqlite:${path}` })
  await mac.ready()
  const before = databaseContent(path)
  const findings = await databaseFindings(parseDatabaseUrl(`sqlite:${path}`))
  expect(databaseContent(path)).toEqual(before)
  expect(findings.filter(({ state }) => state === 'bad')).toEqual([])
  expect(subjects(findings)).toContain('good integrity')
  // The Mac still works.
  expect(await mac.getCredential('a b')).not.toBe(null)
  await mac.close()
})

test('says what it cannot know of your own Kysely, checks the rest, and leaves it open', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  await makeDatabase(`sqlite:${path}`)
  const { dialect } = await openSqlite(path, 'own')
  const statements: string[] = []
  const log = ({ query }: LogEvent) => void statements.push(query.sql)
  const db = new Kysely<MacDatabase>({ dialect, log })
  const findings = await databaseFindings(databaseSource(db))
  expect(subjects(findings)).toEqual([
    'good runtime',
    'note file',
    'good tables',
    'good triggers',
    'good credentials',
    'good history',
    'note sealing',
    'good nonces',
    'good clock',
  ])
  expect(findings[1]?.text).toMatch(/own Kysely: not checked are its mode, .* can be written$/)
  expect(statements.filter((sql) => !/^\s*select /.test(sql))).toEqual([])
  expect(await db.selectFrom('mac_credentials').select('id').execute()).toEqual([{ id: 'a b' }])
  await db.destroy()
  expect(subjects(await databaseFindings(databaseSource(db)))).toEqual([
    'good runtime',
    'note file',
    'bad content',
  ])
})

test('does not read a file as a whole that is larger than the caller wants', async () => {
  using folder = temporaryFolder()
  const database = { path: folder.path('mac.db'), driver: 'own' } as const
  await makeDatabase(`sqlite:${database.path}`)
  const findings = await databaseFindings(database, { mostBytes: 1000 })
  const integrity = findings.find(({ subject }) => subject === 'integrity')
  expect(integrity?.state).toBe('note')
  expect(integrity?.text).toMatch(/^not checked here: to read \S+ kB would hold up requests$/)
  expect(adviceText(integrity?.advice ?? [])).toBe(
    'to check it in a process of its own: "withmac doctor"',
  )
})

test('opens the keys with the sealing keys of the caller', async () => {
  using folder = temporaryFolder()
  const database = { path: folder.path('mac.db'), driver: 'own' } as const
  await makeDatabase(`sqlite:${database.path}`, sealingKeyOf('one'))
  const sealing = async (sealer: () => Promise<ReturnType<typeof readSealer>>) => {
    const findings = await databaseFindings(database, { sealer })
    return findings.find(({ subject }) => subject === 'sealing')
  }
  const right = await sealing(async () => readSealer(sealingKeyOf('one')))
  expect(right?.text).toMatch(/^all keys are sealed with /)
  const wrong = await sealing(async () => readSealer(sealingKeyOf('two')))
  expect(wrong?.text).toMatch(/^this process lacks sealing keys that the database needs/)
  const failed = await sealing(() => Promise.reject(new Error('the KMS is down')))
  expect(failed).toMatchObject({ state: 'bad', text: 'the KMS is down' })
})

test('reports a file that is gone, and does not create it', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const findings = await databaseFindings({ path, driver: 'own' })
  expect(subjects(findings)).toEqual(['good runtime', 'bad content'])
  expect(existsSync(path)).toBe(false)
})

test('an advice names the command and its credential as data, and as text without the identifier', async () => {
  using folder = temporaryFolder()
  const database = { path: folder.path('mac.db'), driver: 'own' } as const
  const mac = createMac({ database: `sqlite:${database.path}` })
  const now = Date.now()
  await mac.createCredential('ada', { id: "a'b", expires: new Date(now + 9 * 86_400_000) })
  await mac.close()
  const earlier = await openSqlite(database.path, 'own')
  earlier.exec('update mac_credentials set expires = expires - 432000, created = created - 432000')
  earlier.close()
  const findings = await databaseFindings(database)
  const advice = findings.find(({ subject }) => subject === 'expiry')?.advice ?? []
  expect(advice).toEqual([
    'to keep it: ',
    { command: 'extend', id: "a'b", options: '--expires 90d' },
  ])
  expect(adviceText(advice)).toBe('to keep it: "withmac extend ID --expires 90d"')
})
