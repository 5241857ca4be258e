import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { describe, expect, test } from '../support/runner.ts'
import { masked, withmac, withmacJson } from './run.ts'

test('init makes a database for its owner alone, and says so once', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const first = await withmac(['init'], { cwd })
  expect(masked(first.out, cwd)).toBe(`made <folder>/mac.db
It will hold keys: only you can read it, and it belongs in no repository (mac.db* in .gitignore).

Next: withmac create USER makes a credential, and withMac(handler) in your server checks it.
`)
  expect(first).toMatchObject({ err: '', status: 0 })
  expect(statSync(folder.path('mac.db')).mode & 0o777).toBe(0o600)
  const second = await withmac(['init'], { cwd })
  expect(masked(second.out, cwd)).toBe(
    '<folder>/mac.db is there already and up to date, with 0 credentials in it.\n',
  )
  expect(second.status).toBe(0)
})

test('create shows the key once, and a curl line', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const made = await withmac(['create', 'ada', '--id', 'fixed', '--label', 'laptop'], { cwd })
  expect(masked(made.out, cwd)).toBe(`made a credential for ada in <folder>/mac.db

id         fixed
user       ada
label      laptop
status     valid, 24 hours left
created    <moment>
expires    <moment>
algorithm  hmac-sha-256
key        <key>
The key is shown this once: keep it now.

Try it, within five minutes. Pasted a second time it is refused, as a replay:

  curl -i -H 'Authorization: MAC id="fixed", ts="<ts>", nonce="<nonce>", mac="<mac>"' http://localhost:3000/

Signed anew each time:

  withmac fetch --id fixed http://localhost:3000/
`)
  expect(made).toMatchObject({ err: '', status: 0 })
  const [, key = ''] = /^key +(\S+)$/m.exec(made.out) ?? []
  expect(key).toHaveLength(43)
  for (const command of [
    ['show', 'fixed'],
    ['list'],
    ['list', '--json'],
    ['show', 'fixed', '--json'],
  ]) {
    const { out, err } = await withmac(command, { cwd })
    expect(out).toContain('fixed')
    expect(out + err).not.toContain(key)
  }
})

test('create --save keeps the key in a file for its owner alone, and shows it nowhere', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const { out, status } = await withmac(['create', 'ada', '--id', 'a', '--save', 'ada.json'], {
    cwd,
  })
  expect(status).toBe(0)
  const saved = JSON.parse(readFileSync(folder.path('ada.json'), 'utf8'))
  expect(saved).toMatchObject({ id: 'a', user: 'ada', algorithm: 'hmac-sha-256' })
  expect(saved.key).toHaveLength(43)
  expect(out).not.toContain(saved.key)
  expect(out).toContain('The key is in ada.json, which only you can read.')
  expect(statSync(folder.path('ada.json')).mode & 0o777).toBe(0o600)
})

test('create --save writes over no file, and then makes no credential', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  writeFileSync(folder.path('ada.json'), 'precious')
  const { err, status } = await withmac(['create', 'ada', '--save', 'ada.json'], { cwd })
  expect(err).toBe(
    'withmac: ada.json is there already and may hold another key: name a new file.\n',
  )
  expect(status).toBe(2)
  expect(readFileSync(folder.path('ada.json'), 'utf8')).toBe('precious')
  expect(existsSync(folder.path('mac.db'))).toBe(false)
  await withmac(['init'], { cwd })
  expect((await withmac(['create', 'ada', '--save', 'ada.json'], { cwd })).status).toBe(2)
  expect(await withmacJson<unknown>(['list'], { cwd })).toEqual([])
})

test('create --if-exists keep can be repeated, with --save as well', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const args = ['create', 'cron', '--id', 'cron', '--expires', 'never', '--save', 'cron.json']
  const first = await withmacJson([...args, '--if-exists', 'keep'], { cwd })
  const key = readFileSync(folder.path('cron.json'), 'utf8')
  const second = await withmacJson([...args, '--if-exists', 'keep'], { cwd })
  expect(first).toMatchObject({ id: 'cron', expires: null, saved: 'cron.json' })
  expect(second).toMatchObject({ id: 'cron', expires: null, key: null })
  expect(readFileSync(folder.path('cron.json'), 'utf8')).toBe(key)
  const third = await withmac(args, { cwd })
  expect(third.err).toBe(
    'withmac: there is a credential cron already: --if-exists keep leaves it as it is.\n',
  )
  expect(third.status).toBe(1)
  const other = await withmac(['create', 'eve', '--id', 'cron', '--if-exists', 'keep'], { cwd })
  expect(other.err).toContain('it speaks for cron: choose another --id')
  expect(other.status).toBe(1)
})

test.each([
  ['30d', 30 * 86_400],
  ['12h', 12 * 3600],
  ['2w', 14 * 86_400],
])('create --expires %s counts from now', async (expires, seconds) => {
  using folder = temporaryFolder()
  const made = await withmacJson<{ created: string; expires: string }>(
    ['create', 'ada', '--expires', expires],
    { cwd: folder.path('') },
  )
  const span = (Date.parse(made.expires) - Date.parse(made.created)) / 1000
  // A busy machine takes seconds to start it.
  expect(Math.abs(span - seconds)).toBeLessThanOrEqual(60)
})

test.each([
  [['--expires', '30'], '--expires 30 cannot be read: write 30d (or s, m, h, w), never, or a date'],
  [['--expires', '2001-01-01'], '--expires 2001-01-01 has passed'],
  [['--expires', 'tomorrow'], '--expires tomorrow cannot be read'],
  [['--id', 'a"b'], 'holds a double quote'],
  [['--label', 'x'.repeat(1025)], 'label must have at most 1024'],
  [['--url', 'localhost:3000/x'], 'localhost:3000/x is no http or https URL'],
  [['--url', 'http://ada:secret@localhost/'], 'the URL holds a user and a password'],
  [['--scope', 'read', 'wr"ite'], '--scope wr"ite cannot be used'],
  [['--rate-limit', '100'], '--rate-limit 100 cannot be read: write 100/1m'],
  [['--algorithm', 'md5'], "argument 'md5' is invalid"],
  [['--database', 'postgres://db'], '--database: postgres: is no database URL that can be used'],
  [['--database', ''], 'It was given as "".'],
])('create refuses %j in one sentence, and makes nothing', async (args, message) => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const { out, err, status } = await withmac(['create', 'ada', ...args], { cwd })
  expect(err).toContain(message)
  expect(err.trim().split('\n')).toHaveLength(1)
  expect({ out, status }).toEqual({ out: '', status: 2 })
  expect(readdirSync(cwd)).toEqual([])
})

test('list shows who has a credential, and what it is worth', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'ada', '--id', 'a1', '--label', 'laptop', '--expires', '90d'], { cwd })
  await withmac(['create', 'bob', '--id', 'b1', '--expires', 'never'], { cwd })
  await withmac(['create', 'eve', '--id', 'e1', '--label', '\u001b[31mred'], { cwd })
  await withmac(['revoke', 'e1', '--yes'], { cwd })
  const { out, err } = await withmac(['list'], { cwd })
  expect(
    masked(out, cwd).replace(/\d+ [sm] ago/, '<n> ago'),
  ).toBe(`ID  USER  LABEL          CREATED     LAST USED  STATUS
a1  ada   laptop         <day>  never      valid, 90 d left
b1  bob                  <day>  never      valid for ever
e1  eve   \\u001b[31mred  <day>  never      revoked <n> ago
`)
  expect(err).toBe('')
  const json = await withmacJson<Record<string, unknown>[]>(['list', '--user', 'eve'], { cwd })
  expect(json).toHaveLength(1)
  expect(Object.keys(json[0] ?? {})).toEqual([
    'id',
    'user',
    'algorithm',
    'label',
    'created',
    'expires',
    'revoked',
    'disabled',
    'scopes',
    'rateLimit',
    'keyNumber',
    'rotated',
    'oldKey',
    'lastUsed',
    'failures',
    'clockOffsetSeconds',
    'status',
  ])
  expect(json[0]).toMatchObject({ id: 'e1', status: 'revoked' })
  const none = await withmac(['list', '--user', 'zoe'], { cwd })
  expect(none).toMatchObject({ out: '', status: 0 })
  expect(none.err).toContain('There is no credential of zoe')
})

test('revoke, delete and show tell what they did, and what is not there', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'ada', '--id', 'a1'], { cwd })
  const revoked = await withmac(['revoke', 'a1', '--yes'], { cwd })
  expect(revoked.out).toBe('revoked a1 of ada: its next request is refused.\n')
  const again = await withmac(['revoke', 'a1'], { cwd })
  expect(masked(again.out, cwd)).toBe('a1 of ada was revoked before, <moment>; it stays so.\n')
  const shown = await withmac(['show', 'a1'], { cwd })
  expect(shown.out).toMatch(/^status +revoked 20/m)
  const asked = await withmac(['delete', 'a1'], { cwd })
  expect(asked.err).toBe('withmac: there is no terminal to ask on: add --yes to delete it.\n')
  expect(asked.status).toBe(2)
  const gone = await withmac(['delete', 'a1', '--yes'], { cwd })
  expect(gone.out).toBe(
    `deleted a1 of ada: its next request is refused. It was never used, as far as is known.
A row of the history stays: withmac history a1
`,
  )
  for (const [command = '', ...more] of [
    ['show'],
    ['revoke'],
    ['delete'],
    ['rotate'],
    ['extend', '--expires', 'never'],
    ['disable'],
    ['enable'],
    ['update', '--no-label'],
  ]) {
    const { out, err, status } = await withmac([command, 'a1', ...more], { cwd })
    expect(masked(err, cwd)).toBe(
      'withmac: there is no credential a1 in <folder>/mac.db. "withmac list" shows which there are.\n',
    )
    expect({ out, status }).toEqual({ out: '', status: 1 })
  }
})

test('where there is no database, none is made but by init and create', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  for (const args of [
    ['list'],
    ['rotate', 'a'],
    ['history'],
    ['delete', 'a'],
    ['prune'],
    ['doctor'],
  ]) {
    const { err, status } = await withmac(args, { cwd })
    expect(masked(err, cwd)).toBe(
      'withmac: there is no database <folder>/mac.db. "withmac init" makes one; --database or MAC_DATABASE_URL names another.\n',
    )
    expect(status).toBe(3)
  }
  expect(existsSync(folder.path('mac.db'))).toBe(false)
  const env = { MAC_DATABASE_URL: `sqlite:${folder.path('other.db')}` }
  expect(await withmacJson(['init'], { cwd, env })).toMatchObject({ created: true })
  expect(existsSync(folder.path('other.db'))).toBe(true)
  expect(await withmacJson<unknown>(['list'], { cwd, env })).toEqual([])
})

describe('before a database is made or opened, the command line tells of', () => {
  const long = 'x'.repeat(1025)
  test.each([
    ['no user', ['create', ''], 'user must not be empty'],
    ['an identifier that cannot be sent', ['create', 'ada', '--id', 'a"b'], 'id holds'],
    [
      'a label that is too long',
      ['create', 'ada', '--label', long],
      'label must have at most 1024',
    ],
  ])('%s', async (_, args, fault) => {
    using folder = temporaryFolder()
    const { err, status } = await withmac(args, { cwd: folder.path('.') })
    expect(status).toBe(2)
    expect(err).toContain(fault)
    expect(readdirSync(folder.path('.'))).toEqual([])
  })

  test.each([
    ['list', ['--user', long], 'user must have at most 1024'],
    ['history', ['--user', long], 'user must have at most 1024'],
    ['update', ['a', '--label', long], 'label must have at most 1024'],
  ])('what is too long for %s', async (command, option, fault) => {
    using folder = temporaryFolder()
    // No database of SQLite at all, which opening it would tell.
    writeFileSync(folder.path('mac.db'), 'no database')
    const { err, status } = await withmac([command, ...option], { cwd: folder.path('.') })
    expect(err).toContain(fault)
    expect(status).toBe(2)
    expect(readFileSync(folder.path('mac.db'), 'utf8')).toBe('no database')
  })
})

test('list leaves out what removes itself, as machines get it, unless it is asked for', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const mac = createMac({ database: `sqlite:${folder.path('mac.db')}` })
  await mac.createCredential('ada', { id: 'of-ada' })
  for (const id of ['machine-1', 'machine-2']) {
    await mac.createCredential('ada', { id, removeWhenExpired: true })
  }
  await mac.createCredential('bob', { id: 'revoked', removeWhenExpired: true })
  await mac.revokeCredential('revoked')
  await mac.close()
  const ids = async (...args: string[]) =>
    (await withmacJson<{ id: string }[]>(['list', ...args], { cwd })).map(({ id }) => id).toSorted()
  // What was revoked stays for good, and so is for people.
  expect(await ids()).toEqual(['of-ada', 'revoked'])
  expect(await ids('--all')).toEqual(['machine-1', 'machine-2', 'of-ada', 'revoked'])
  const { out, err } = await withmac(['list', '--user', 'ada'], { cwd })
  expect(out).not.toContain('machine')
  expect(err).toBe(
    '2 credentials that remove themselves after expiry, as machines get them, are left out: --all shows them.\n',
  )
  expect((await withmac(['list', '--user', 'bob'], { cwd })).err).toBe('')
})

test('list shows those of one status alone', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const mac = createMac({ database: `sqlite:${folder.path('mac.db')}` })
  for (const id of ['valid', 'expired', 'disabled', 'revoked']) {
    await mac.createCredential('ada', { id, expires: id === 'expired' ? 1_000_000_001 : null })
  }
  await mac.disableCredential('disabled')
  await mac.revokeCredential('revoked')
  await mac.close()
  for (const [status, id] of [
    ['valid', 'valid'],
    ['active', 'valid'],
    ['expired', 'expired'],
    ['disabled', 'disabled'],
    ['revoked', 'revoked'],
  ] as const) {
    const found = await withmacJson<unknown>(['list', '--status', status], { cwd })
    expect(found).toMatchObject([{ id, status: id }])
  }
  const wrong = await withmac(['list', '--status', 'dead'], { cwd })
  expect(wrong.err).toContain('Allowed choices are valid, active, expired, disabled, revoked')
  expect(wrong.status).toBe(2)
  await withmac(['enable', 'disabled'], { cwd })
  const none = await withmac(['list', '--status', 'disabled'], { cwd })
  expect(none.err).toContain('There is no disabled credential in ')
})

test('revoke asks nobody where there is no terminal, and then revokes nothing', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'ada', '--id', 'a1'], { cwd })
  const asked = await withmac(['revoke', 'a1'], { cwd })
  expect(asked).toEqual({
    out: '',
    err: 'withmac: there is no terminal to ask on: add --yes to revoke it.\n',
    status: 2,
  })
  const json = await withmac(['revoke', 'a1', '--json'], { cwd })
  expect(JSON.parse(json.err).error.message).toBe(
    'with --json nobody is asked: add --yes to revoke it.',
  )
  expect(await withmacJson(['show', 'a1'], { cwd })).toMatchObject({ status: 'valid' })
  expect(await withmacJson(['revoke', 'a1', '--yes'], { cwd })).toMatchObject({ status: 'revoked' })
})

test('what the command line gets wrong is said before a database is made or opened', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  writeFileSync(folder.path('ada.json'), '')
  const url = 'http://localhost:3000/'
  for (const args of [
    ['create', ''],
    ['create', 'ada', '--id', ''],
    ['create', 'ada', '--id', 'a b"'],
    ['create', 'ada', '--label', 'x'.repeat(2000)],
    ['create', 'ada', '--save', 'ada.json'],
    ['sign', 'GET', url, '--id', 'a', '--ext', 'a"b'],
    ['sign', 'G T', url, '--id', 'a'],
    ['fetch', url, '--id', 'a', '--ext', 'a"b'],
    ['fetch', url, '--id', 'a', '-H', 'nothing'],
    ['fetch', url, '--id', 'a', '-d', '@missing'],
    ['doctor', url, '--id', 'a', '--ext', 'a"b'],
    ['explain', '--origin', 'nowhere', '--id', 'a'],
  ]) {
    // Where it were opened first, it would end with 3: there is none.
    const { status, err } = await withmac(args, { cwd })
    expect([args, status, err.includes('database')]).toEqual([args, 2, false])
    expect(existsSync(folder.path('mac.db'))).toBe(false)
  }
})
