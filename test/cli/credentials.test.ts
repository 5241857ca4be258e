import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { describe, expect, test } from '../support/runner.ts'
import { masked, withmac, withmacJson } from './run.ts'

test('init creates a database that only its owner can read; a second init changes nothing', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const first = await withmac(['init'], { cwd })
  expect(masked(first.out, cwd)).toBe(`created <folder>/mac.db
It will contain keys. Only you can read it. Do not commit it: add mac.db* to .gitignore.

Next: create a credential with withmac create USER, and wrap your handler: withMac(handler).
`)
  expect(first).toMatchObject({ err: '', status: 0 })
  expect(statSync(folder.path('mac.db')).mode & 0o777).toBe(0o600)
  const second = await withmac(['init'], { cwd })
  expect(masked(second.out, cwd)).toBe(
    '<folder>/mac.db already exists and is up to date. It has 0 credentials.\n',
  )
  expect(second.status).toBe(0)
})

test('create prints the key and a curl line; no other command prints the key', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const made = await withmac(['create', 'ada', '--id', 'fixed', '--label', 'laptop'], { cwd })
  expect(masked(made.out, cwd)).toBe(`created a credential for ada in <folder>/mac.db

id         fixed
user       ada
label      laptop
status     valid, 24 hours left
created    <moment>
expires    <moment>
algorithm  hmac-sha-256
key        <key>
This is the only time the key is shown: save it now.

Try it within five minutes. It works once; the second time it is rejected as a replay:

  curl -i -H 'Authorization: MAC id="fixed", ts="<ts>", nonce="<nonce>", mac="<mac>"' http://localhost:3000/

To sign and send a new request each time:

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

test('create --save writes the key to a file that only its owner can read, and does not print it', async () => {
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
  expect(out).toContain('The key is in ada.json. Only you can read that file.')
  expect(statSync(folder.path('ada.json')).mode & 0o777).toBe(0o600)
})

test('create --save does not overwrite a file; it then creates no credential', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  writeFileSync(folder.path('ada.json'), 'precious')
  const { err, status } = await withmac(['create', 'ada', '--save', 'ada.json'], { cwd })
  expect(err).toBe(
    'withmac: ada.json already exists and may contain another key: choose a new file name.\n',
  )
  expect(status).toBe(2)
  expect(readFileSync(folder.path('ada.json'), 'utf8')).toBe('precious')
  expect(existsSync(folder.path('mac.db'))).toBe(false)
  await withmac(['init'], { cwd })
  expect((await withmac(['create', 'ada', '--save', 'ada.json'], { cwd })).status).toBe(2)
  expect(await withmacJson<unknown>(['list'], { cwd })).toEqual([])
})

test('create --if-exists keep can be repeated, also with --save', async () => {
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
    'withmac: the credential cron already exists. To keep it as it is: --if-exists keep.\n',
  )
  expect(third.status).toBe(1)
  const other = await withmac(['create', 'eve', '--id', 'cron', '--if-exists', 'keep'], { cwd })
  expect(other.err).toContain('already exists, for the user cron: choose another --id')
  expect(other.status).toBe(1)
})

test.each([
  ['30d', 30 * 86_400],
  ['12h', 12 * 3600],
  ['2w', 14 * 86_400],
])('create --expires %s starts now', async (expires, seconds) => {
  using folder = temporaryFolder()
  const made = await withmacJson<{ created: string; expires: string }>(
    ['create', 'ada', '--expires', expires],
    { cwd: folder.path('') },
  )
  const span = (Date.parse(made.expires) - Date.parse(made.created)) / 1000
  // On a busy machine the command takes seconds to start.
  expect(Math.abs(span - seconds)).toBeLessThanOrEqual(60)
})

test.each([
  [['--expires', '30'], '--expires 30 is not valid: write 30d (or s, m, h, w), never, or a date'],
  [['--expires', '2001-01-01'], '--expires 2001-01-01 is in the past'],
  [['--expires', 'tomorrow'], '--expires tomorrow is not valid'],
  [['--id', 'a"b'], 'holds a double quote'],
  [['--label', 'x'.repeat(1025)], 'label must have at most 1024'],
  [['--url', 'localhost:3000/x'], 'localhost:3000/x is not an http or https URL'],
  [['--url', 'http://ada:secret@localhost/'], 'the URL contains a user name or password'],
  [['--scope', 'read', 'wr"ite'], '--scope wr"ite is not valid'],
  [['--rate-limit', '100'], '--rate-limit 100 is not valid: write 100/1m'],
  [['--algorithm', 'md5'], "argument 'md5' is invalid"],
  [
    ['--database', 'postgres:db'],
    '--database: this postgres: URL cannot be read: write postgres://',
  ],
  [['--database', ''], 'The value was "".'],
])('create rejects %j with a message of one line, and creates nothing', async (args, message) => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const { out, err, status } = await withmac(['create', 'ada', ...args], { cwd })
  expect(err).toContain(message)
  expect(err.trim().split('\n')).toHaveLength(1)
  expect({ out, status }).toEqual({ out: '', status: 2 })
  expect(readdirSync(cwd)).toEqual([])
})

test('list shows the credentials with user, label, last use and status', async () => {
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
b1  bob                  <day>  never      valid forever
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

test('revoke and delete say what they did; commands on a missing credential say that it does not exist', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'ada', '--id', 'a1'], { cwd })
  const revoked = await withmac(['revoke', 'a1', '--yes'], { cwd })
  expect(revoked.out).toBe('revoked a1 of ada: its next request is rejected.\n')
  const again = await withmac(['revoke', 'a1'], { cwd })
  expect(masked(again.out, cwd)).toBe('a1 of ada was already revoked <moment>; nothing changed.\n')
  const shown = await withmac(['show', 'a1'], { cwd })
  expect(shown.out).toMatch(/^status +revoked 20/m)
  const asked = await withmac(['delete', 'a1'], { cwd })
  expect(asked.err).toBe(
    'withmac: there is no terminal to ask on. To delete it without a question, add --yes.\n',
  )
  expect(asked.status).toBe(2)
  const gone = await withmac(['delete', 'a1', '--yes'], { cwd })
  expect(gone.out).toBe(
    `deleted a1 of ada: its next request is rejected. It was never used, as far as withmac knows.
Its history stays: withmac history a1
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
      'withmac: there is no credential a1 in <folder>/mac.db. To see all of them: "withmac list".\n',
    )
    expect({ out, status }).toEqual({ out: '', status: 1 })
  }
})

test('only init and create create a missing database; other commands say that it is missing', async () => {
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
      'withmac: there is no database <folder>/mac.db. To create it: "withmac init". To use another one: --database or MAC_DATABASE_URL.\n',
    )
    expect(status).toBe(3)
  }
  expect(existsSync(folder.path('mac.db'))).toBe(false)
  const env = { MAC_DATABASE_URL: `sqlite:${folder.path('other.db')}` }
  expect(await withmacJson(['init'], { cwd, env })).toMatchObject({ created: true })
  expect(existsSync(folder.path('other.db'))).toBe(true)
  expect(await withmacJson<unknown>(['list'], { cwd, env })).toEqual([])
})

describe('before it creates or opens a database, the command line rejects', () => {
  const long = 'x'.repeat(1025)
  test.each([
    ['an empty user', ['create', ''], 'user must not be empty'],
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
  ])('a text that is too long for %s', async (command, option, fault) => {
    using folder = temporaryFolder()
    // Not a SQLite database: if the command opened it, the error would say so.
    writeFileSync(folder.path('mac.db'), 'no database')
    const { err, status } = await withmac([command, ...option], { cwd: folder.path('.') })
    expect(err).toContain(fault)
    expect(status).toBe(2)
    expect(readFileSync(folder.path('mac.db'), 'utf8')).toBe('no database')
  })
})

test('list leaves out credentials that are removed after expiry, unless --all is given', async () => {
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
  // A revoked credential is never removed, so it is listed.
  expect(await ids()).toEqual(['of-ada', 'revoked'])
  expect(await ids('--all')).toEqual(['machine-1', 'machine-2', 'of-ada', 'revoked'])
  const { out, err } = await withmac(['list', '--user', 'ada'], { cwd })
  expect(out).not.toContain('machine')
  expect(err).toBe(
    'Not listed: 2 credentials that are removed after expiry, such as those from a token endpoint. To list all: --all\n',
  )
  expect((await withmac(['list', '--user', 'bob'], { cwd })).err).toBe('')
})

test('list --status lists only the credentials with that status', async () => {
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

test('revoke without a terminal revokes nothing, and asks for --yes', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'ada', '--id', 'a1'], { cwd })
  const asked = await withmac(['revoke', 'a1'], { cwd })
  expect(asked).toEqual({
    out: '',
    err: 'withmac: there is no terminal to ask on. To revoke it without a question, add --yes.\n',
    status: 2,
  })
  const json = await withmac(['revoke', 'a1', '--json'], { cwd })
  expect(JSON.parse(json.err).error.message).toBe(
    '--json cannot ask. To revoke it without a question, add --yes.',
  )
  expect(await withmacJson(['show', 'a1'], { cwd })).toMatchObject({ status: 'valid' })
  expect(await withmacJson(['revoke', 'a1', '--yes'], { cwd })).toMatchObject({ status: 'revoked' })
})

test('a wrong command line is rejected before a database is created or opened', async () => {
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
    // If the database were opened first, the status would be 3, because it does not exist.
    const { status, err } = await withmac(args, { cwd })
    expect([args, status, err.includes('database')]).toEqual([args, 2, false])
    expect(existsSync(folder.path('mac.db'))).toBe(false)
  }
})
