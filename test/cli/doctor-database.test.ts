import { chmodSync, copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { databaseContent } from '../support/database-content.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'
import { openDatabase } from '../support/sqlite.ts'
import { masked, withmac, withmacJson } from './run.ts'

interface Findings {
  readonly ok: boolean
  readonly findings: readonly { state: string; subject: string; text: string; advice?: string }[]
}

test('doctor finds no problem in a healthy database', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const env = { MAC_SEALING_KEY: sealingKeyOf('one') }
  await withmac(['create', 'ada'], { cwd, env })
  const { out, status } = await withmac(['doctor'], { cwd, env })
  const subjects = [...out.matchAll(/^(\S+) +(\S+)/gm)].map(([, state, subject]) => [
    state,
    subject,
  ])
  expect(subjects.slice(0, -1)).toEqual(
    [
      'runtime',
      'file',
      'mode',
      'owner',
      'writable',
      'disk',
      'journal',
      'integrity',
      'tables',
      'triggers',
      'writing',
      'credentials',
      'history',
      'sealing',
      'nonces',
      'clock',
    ].map((subject) => ['ok', subject]),
  )
  expect(out).toMatch(/\nNo problems found\.\n$/)
  expect(status).toBe(0)
})

test.each([
  [
    'a trigger is missing',
    'drop trigger mac_credentials_updated',
    'triggers',
    /would not notice a revoked/,
  ],
  [
    'the tables are of a later version',
    'insert into mac_schema values (99)',
    'tables',
    /version 99/,
  ],
  [
    'a clock was ahead',
    "update mac_state set value = unixepoch() + 10805 where name = 'nonce_floor'",
    'clock',
    /nonces were removed up to 3 hours later/,
  ],
  [
    'a clock was set back',
    'update mac_credentials set created = unixepoch() + 86405',
    'clock',
    /24 hours later/,
  ],
])('doctor reports if %s', async (_, sql, subject, text) => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'ada'], { cwd })
  const database = openDatabase(folder.path('mac.db'))
  database.exec(sql)
  database.close()
  const { out, status } = await withmac(['doctor', '--json'], { cwd })
  const { ok, findings } = JSON.parse(out) as Findings
  expect({ ok, status }).toEqual({ ok: false, status: 1 })
  const faults = findings.filter(({ state }) => state === 'bad')
  expect(faults.map((fault) => fault.subject)).toEqual([subject])
  expect(faults[0]?.text).toMatch(text)
  expect(faults[0]?.advice).not.toBe(undefined)
})

test.each([[1], [2], [3], [5]])(
  'doctor finds no problem in schema version %d, does not migrate it, and says what does',
  async (version) => {
    using folder = temporaryFolder()
    const cwd = folder.path('')
    const path = folder.path('mac.db')
    copyFileSync(join(import.meta.dirname, `../store/earlier/version-${version}.db`), path)
    chmodSync(path, 0o600)
    const { out } = await withmac(['doctor', '--json'], { cwd })
    const { ok, findings } = JSON.parse(out) as Findings
    expect(findings.filter(({ state }) => state === 'bad')).toEqual([])
    expect(ok).toBe(true)
    const tables = findings.find(({ subject }) => subject === 'tables')
    expect(tables?.text).toContain(`version ${version}; `)
    expect(tables?.advice).toContain('any command but doctor')
    expect(tables?.advice).toContain('servers of earlier versions then answer 503')
    expect(databaseContent(path).rows.mac_schema).toHaveLength(version)
  },
)

test('doctor names all missing triggers', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['init'], { cwd })
  const database = openDatabase(folder.path('mac.db'))
  for (const name of ['updated', 'deleted']) database.exec(`drop trigger mac_credentials_${name}`)
  database.close()
  const { out } = await withmac(['doctor'], { cwd })
  expect(out).toContain('mac_credentials_updated, mac_credentials_deleted are missing: running')
})

test('doctor reports credentials that expire soon, and old keys that are still in use', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'ada', '--id', 'a1', '--expires', '30d'], { cwd })
  await withmac(['create', 'bob', '--id', 'b1'], { cwd })
  await withmac(['rotate', 'a1', '--grace', '4d'], { cwd })
  await withmac(['disable', 'b1'], { cwd })
  const database = openDatabase(folder.path('mac.db'))
  database.exec(`update mac_credentials set created = unixepoch() - 2592000,
    expires = unixepoch() + 259190, rotated = unixepoch() - 7200 where id = 'a1'`)
  const uses = (ago: number) =>
    database.exec(`insert or replace into mac_usage values ('a1', 1, unixepoch() - ${ago})`)
  const said = async (subject: string) => {
    const { out } = await withmac(['doctor', '--json'], { cwd })
    const { ok, findings } = JSON.parse(out) as Findings
    expect(ok).toBe(true)
    const found = findings.find((finding) => finding.subject === subject)
    return { findings, text: `${found?.state}: ${found?.text}` }
  }
  uses(7300)
  expect((await said('rotation')).text).toBe(
    'good: one old key is still valid, and no use since the rotation is known',
  )
  uses(3600)
  const { findings, text } = await said('rotation')
  database.close()
  expect(text).toBe(
    'note: one old key is still valid, and one is in use: a1 of ada, last used 60 minutes ago, rejected in 3 days',
  )
  const texts = findings.map((finding) => finding.text)
  expect(texts).toContain('1 valid, 0 expired, 1 disabled, 0 revoked')
  expect(texts).toContain(
    'one expires within a week: a1 of ada in 3 days, last used 60 minutes ago',
  )
})

test('doctor reports if other users can read the keys', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'ada'], { cwd })
  chmodSync(folder.path('mac.db'), 0o644)
  const { out, status } = await withmac(['doctor'], { cwd })
  expect(masked(out, cwd)).toContain(
    `BAD   mode         other users can open <folder>/mac.db (644), and so the keys
                   → chmod 600 <folder>/mac.db
`,
  )
  expect(out).toMatch(/\nOne problem found\.\n$/)
  expect(status).toBe(1)
})

test.each([
  [
    'not a database',
    'not a database, but a text that is longer than a header of SQLite would be',
    'content',
  ],
  ['an empty file', '', 'tables'],
])('doctor reports if the file is %s', async (_, content, subject) => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  writeFileSync(folder.path('mac.db'), content.repeat(20), { mode: 0o600 })
  const { out, err, status } = await withmac(['doctor', '--json'], { cwd })
  expect({ err, status }).toEqual({ err: '', status: 1 })
  const { findings } = JSON.parse(out) as Findings
  const faults = findings.filter(({ state }) => state === 'bad')
  expect(faults.map((fault) => fault.subject)).toEqual([subject])
})

test('prune keeps nonces as long as the servers on the database need them', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['init'], { cwd })
  const database = openDatabase(folder.path('mac.db'))
  // One row of the journal with one nonce for each age, the oldest first.
  for (const [at, age] of [5000, 400, 10].entries()) {
    database.exec(
      `insert into mac_nonce_log values (${at + 2}, ${at}, unixepoch() - ${age}, zeroblob(12))`,
    )
  }
  database.exec("update mac_state set value = 3600 where name = 'keep_seconds'")
  database.close()
  expect(await withmacJson(['prune'], { cwd })).toEqual({ removed: 1, keepSeconds: 3600 })
  const { out } = await withmac(['prune'], { cwd })
  expect(out).toBe('removed 0 nonces older than 3600 seconds\n')
})
