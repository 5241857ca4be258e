import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { temporaryFolder } from '../support/folder.ts'
import { AS_NOBODY, ORDINARY_USER, testWith } from '../support/needs.ts'
import { expect, test } from '../support/runner.ts'
import { environment, WITHMAC, withmac, withmacJson } from './run.ts'

test.each([
  ['a name', () => 'x.db'],
  ['a relative path', () => './x.db'],
  ['an absolute path', (path: string) => path],
  ['a sqlite: URL', () => 'sqlite:x.db'],
  ['a sqlite: URL with slashes', (path: string) => `sqlite://${path}`],
  ['a file: URL of a name', () => 'file:x.db'],
  ['a file: URL of a relative path', () => 'file:./x.db'],
  ['a file: URL of an absolute path', (path: string) => `file:${path}`],
  ['a file: URL with slashes', (path: string) => pathToFileURL(path).href],
])('--database accepts %s', async (_, given) => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const file = folder.path('x.db')
  const database = ['--database', given(file)]
  const made = await withmacJson(['create', 'ada', '--id', 'a', ...database], { cwd })
  expect(made).toMatchObject({ database: file })
  expect(existsSync(file)).toBe(true)
  expect(await withmacJson<unknown>(['list', ...database], { cwd })).toMatchObject([{ id: 'a' }])
  expect(existsSync(folder.path('mac.db'))).toBe(false)
})

test('--database takes a path literally, and decodes a file: URL', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['init', '--database', '100%25 ünï.db'], { cwd })
  expect(existsSync(folder.path('100%25 ünï.db'))).toBe(true)
  await withmac(['init', '--database', 'file:a%20b.db'], { cwd })
  expect(existsSync(folder.path('a b.db'))).toBe(true)
})

test.each([[':memory:'], ['sqlite::memory:']])(
  '--database %s works, creates no file, and says that nothing is kept',
  async (database) => {
    using folder = temporaryFolder()
    const cwd = folder.path('')
    for (const args of [['init'], ['create', 'ada'], ['list'], ['history'], ['prune']]) {
      const { err, status } = await withmac([...args, '--database', database], { cwd })
      expect([args, status]).toEqual([args, 0])
      expect(err).toContain(
        'note: the database is in memory: it starts empty and is lost when this command ends\n',
      )
    }
    const doctor = await withmac(['doctor', '--database', database], { cwd })
    expect(doctor.out).toContain('none: a database in memory begins empty')
    expect(doctor.status).toBe(0)
    const shown = await withmac(['show', 'a', '--database', database], { cwd })
    expect(shown.err).toContain('there is no credential a in :memory:.')
    expect(shown.status).toBe(1)
    for (const name of [':memory:', 'mac.db']) expect(existsSync(folder.path(name))).toBe(false)
  },
)

test.each([
  ['mysql://ada:secret@db/x?password=secret', '"mysql://…@db/x?…"'],
  ['mysql:db', '"mysql:db"'],
  ['', '""'],
  ['sqlite:', '"sqlite:"'],
  ['sqlite://host/x.db', '"sqlite://host/x.db"'],
  ['sqlite:x.db?mode=ro', '"sqlite:x.db?…"'],
  ['file:x.db?mode=ro', '"file:x.db?mode=ro"'],
  ['file:', '"file:"'],
  ['file://host.example/x.db', '"file://host.example/x.db"'],
  ['file:%zz.db', '"file:%zz.db"'],
])(
  '--database %s is rejected, and the error quotes it without a password',
  async (given, quoted) => {
    using folder = temporaryFolder()
    const { out, err, status } = await withmac(['init', '--database', given], {
      cwd: folder.path(''),
    })
    expect({ out, status }).toEqual({ out: '', status: 2 })
    expect(err).toContain(quoted)
    expect(err).toContain('--database')
    expect(err).toMatch(/path,? such as mac\.db/)
    expect(err).not.toContain('secret')
  },
)

test.each([
  [
    'postgres://ada:secret',
    'this postgres: URL cannot be read: write postgres://user:password@host',
  ],
  ['postgres://secret:5/6@db/x', 'this postgres: URL cannot be read'],
  ['postgres://ada:secret@one,two/x', 'this postgres: URL names several hosts'],
])('--database %s is rejected, and nothing of it is shown', async (given, fault) => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  for (const json of [[], ['--json']]) {
    const { out, err, status } = await withmac(['list', '--database', given, ...json], { cwd })
    expect({ out, status }).toEqual({ out: '', status: 2 })
    expect(err).toContain(`--database: ${fault}`)
    expect(err).toContain('The value is not shown.')
    expect(err).not.toContain('secret')
  }
})

test.each([
  ['--nonces', 'redis://ada:secret', {}],
  ['--nonces', '', {}],
  ['MAC_NONCES_URL', '', { MAC_NONCES_URL: 'redis:/ada:secret@h' }],
])('%s %s is rejected, and nothing of it is shown', async (from, given, env) => {
  using folder = temporaryFolder()
  const option = from === '--nonces' ? ['--nonces', given] : []
  const { err, status } = await withmac(['init', ...option], { cwd: folder.path(''), env })
  expect(err).toContain(`withmac: ${from} must be a URL that starts with redis://`)
  expect(err).not.toContain('secret')
  expect(status).toBe(2)
})

test('MAC_DATABASE_URL is read as servers read it, and the error quotes it', async () => {
  using folder = temporaryFolder()
  const env = { MAC_DATABASE_URL: 'nothing://mac.db' }
  const { err, status } = await withmac(['init'], { cwd: folder.path(''), env })
  expect(err).toMatch(/^withmac: MAC_DATABASE_URL: .*The value was "nothing:\/\/mac\.db"\.\n$/)
  expect(status).toBe(2)
})

test('the error says if the database is a folder or not a SQLite file, and names doctor', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  mkdirSync(folder.path('x'))
  writeFileSync(folder.path('text.db'), 'text '.repeat(2000))
  const inFolder = await withmac(['list', '--database', 'x'], { cwd })
  expect(inFolder.err).toContain('failed: it is a folder: name a file in it.')
  for (const command of ['list', 'prune', 'history']) {
    const { err, status } = await withmac([command, '--database', 'text.db'], { cwd })
    expect(err).toContain(
      'failed: it is not a SQLite database, or an encrypted one: is the path right? (SQLite: file is not a database). "withmac doctor" looks into it.',
    )
    expect(status).toBe(3)
  }
  const called = { npm_command: 'exec', npm_lifecycle_event: 'npx' }
  const byNpx = await withmac(['list', '--database', 'text.db'], { cwd, env: called })
  const itself = process.versions.deno === undefined ? 'npx --no-install withmac' : 'withmac'
  expect(byNpx.err).toContain(`"${itself} doctor" looks into it.`)
  const doctor = await withmac(['doctor', '--database', 'text.db'], { cwd })
  expect(doctor.out).toContain('it cannot be opened: it is not a SQLite database')
})

test('a --database path that no file can have ends with the usage status 2', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  symlinkSync('loop.db', folder.path('loop.db'))
  for (const [database, why] of [
    ['loop.db', 'ELOOP'],
    ['x'.repeat(300), 'ENAMETOOLONG'],
  ] as const) {
    const { err, status } = await withmac(['list', '--database', database], { cwd })
    expect(err).toContain(`${database} cannot be used: ${why}`)
    expect(status).toBe(2)
  }
})

const ifOrdinaryUser = await testWith(ORDINARY_USER)

ifOrdinaryUser(
  'a database in a folder that this user may not enter is not reported as missing',
  () => {
    using folder = temporaryFolder()
    chmodSync(folder.path('.'), 0o777)
    const cwd = folder.path('data')
    mkdirSync(cwd)
    writeFileSync(folder.path('data/mac.db'), '')
    chmodSync(cwd, 0o600)
    const words = [...AS_NOBODY, ...WITHMAC, 'list', '--database', folder.path('data/mac.db')]
    const { stderr, status } = spawnSync(words[0] ?? '', words.slice(1), {
      env: environment({ HOME: folder.path('.'), DENO_DIR: folder.path('deno') }),
      encoding: 'utf8',
    })
    chmodSync(cwd, 0o700)
    expect(stderr).toContain('you may not enter a folder in the path of the database')
    expect(stderr).toContain('(EACCES')
    expect(status).toBe(3)
  },
)
