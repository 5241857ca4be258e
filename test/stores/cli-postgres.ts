import { Client } from 'pg'
import { createMac } from '../../src/index.ts'
import { withmac, withmacJson } from '../cli/run.ts'
import { temporaryFolder } from '../support/folder.ts'
import { ownRole } from '../support/own-role.ts'
import { afterAll, expect, test } from '../support/runner.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'
import { startPostgres } from '../support/servers/postgres.ts'

const server = await startPostgres()
afterAll(() => server[Symbol.asyncDispose]())

/** The URL without the user, the password and the parameters. */
function shown(url: string): string {
  const { host, pathname } = new URL(url)
  return `postgres://${host}${pathname}`
}

/** The URL with a password, which the server does not ask for. */
function withPassword(url: string): string {
  const own = new URL(url)
  own.password = 'very-secret'
  return own.href
}

test('every command works on PostgreSQL, and none shows the password', async () => {
  const schema = await ownRole(server.url)
  using folder = temporaryFolder()
  const url = withPassword(schema.url)
  const running = { cwd: folder.path('.'), env: { MAC_DATABASE_URL: url } }
  const missing = await withmac(['list'], running)
  expect(missing.err).toContain(
    `the tables of withmac are missing in ${shown(url)}. To create them:`,
  )
  expect(missing.status).toBe(3)
  const printed = [missing.err]
  for (const line of [
    'init',
    'init',
    'create ada --id a --expires 90d',
    'list',
    'show a',
    'rotate a --grace 1h',
    'update a --label laptop',
    'disable a',
    'enable a',
    'extend a --expires 30d',
    'sign GET http://localhost/ --id a',
    'history',
    'prune',
    'revoke a --yes',
    'delete a --yes',
    'doctor',
  ]) {
    for (const json of line === 'init' ? [[], ['--json']] : [[]]) {
      const { out, err, status } = await withmac([...line.split(' '), ...json], running)
      printed.push(out, err)
      const expected = line === 'doctor' && out.includes('fsync is off') ? 1 : 0
      expect([line, status, status === expected ? '' : err + out]).toEqual([line, expected, ''])
    }
  }
  expect(printed.join('\n')).toContain(shown(url))
  expect(printed.join('\n')).not.toContain('very-secret')
  expect(printed.join('\n')).not.toMatch(/mac\.db|\bfile\b/)
})

test('init says what it created, with a URL that can be used again', async () => {
  const schema = await ownRole(server.url)
  using folder = temporaryFolder()
  const running = { cwd: folder.path('.') }
  const args = ['init', '--database', withPassword(schema.url)]
  const { path, url, created, credentials } = await withmacJson(args, running)
  const place = shown(schema.url)
  expect({ path, url, created, credentials }).toEqual({
    ...{ path: place, url: place },
    ...{ created: true, credentials: 0 },
  })
  expect(await withmacJson(args, running)).toMatchObject({ created: false })
  const again = await withmac(args, running)
  expect(again.out).toContain(`The tables of withmac in ${place} already exist and are up to date.`)
})

test('a command leaves no connection open, and ends at once', async () => {
  const schema = await ownRole(server.url)
  using folder = temporaryFolder()
  const running = { cwd: folder.path('.') }
  await withmac(['init', '--database', schema.url], running)
  const began = performance.now()
  expect((await withmac(['list', '--database', schema.url], running)).status).toBe(0)
  // An idle connection that is not closed keeps a process for a minute.
  expect(performance.now() - began).toBeLessThan(30_000)
  const client = new Client({ connectionString: schema.url, application_name: 'test' })
  await client.connect()
  // A backend of PostgreSQL ends a moment after its connection.
  let open: number
  do {
    const { rows } = await client.query(
      "select 1 from pg_stat_activity where usename = current_user and application_name = 'withmac'",
    )
    open = rows.length
  } while (open > 0 && performance.now() - began < 30_000)
  await client.end()
  expect(open).toBe(0)
})

test('reseal says where old copies of keys stay in PostgreSQL', async () => {
  const schema = await ownRole(server.url)
  using folder = temporaryFolder()
  const database = ['--database', schema.url]
  const running = { cwd: folder.path('.'), env: { MAC_SEALING_KEY: sealingKeyOf('one') } }
  await withmac(['create', 'ada', ...database], { cwd: running.cwd })
  const first = await withmac(['reseal', ...database], running)
  expect(first.out).toContain('sealed the keys of 1 credential')
  expect(first.err).toContain(
    'unused parts of the table. To remove them, run this again with --vacuum',
  )
  expect(first.err).toContain("in PostgreSQL's write-ahead log")
  expect(first.status).toBe(0)
  const second = await withmac(['reseal', '--vacuum', ...database], running)
  expect(second.err).not.toContain('unused parts')
  expect(second.status).toBe(0)
  const unset = await withmac(['list', ...database], { cwd: running.cwd })
  expect(unset.err).toContain('a sealing key that was not given')
  expect(unset.status).toBe(3)
})

test.each([
  ['nothing listens', 'postgres://u:very-secret@127.0.0.1:1/db', 'nothing listens there'],
  [
    'the socket is missing',
    'postgres:///db?host=/no/such/folder&password=very-secret',
    'no such socket',
  ],
])('if %s, a command says so without the password, and ends with 3', async (_, url, why) => {
  using folder = temporaryFolder()
  for (const json of [[], ['--json']]) {
    const { out, err, status } = await withmac(['list', '--database', url, ...json], {
      cwd: folder.path('.'),
    })
    expect(out).toBe('')
    expect(err).toContain(why)
    expect(err).toContain('ERR_MAC_STORE'.slice(0, json.length > 0 ? undefined : 0))
    expect(err).not.toContain('very-secret')
    expect(status).toBe(3)
  }
})

test('the history names the operator, and a server sees what a command changed', async () => {
  const schema = await ownRole(server.url)
  using folder = temporaryFolder()
  const running = { cwd: folder.path('.') }
  await withmac(['create', 'ada', '--id', 'a', '--database', schema.url], running)
  const mac = createMac({ database: schema.url })
  const [created] = await mac.credentialHistory()
  expect(created?.actor).toMatch(/^cli:/)
  expect((await mac.getCredential('a'))?.user).toBe('ada')
  await withmac(['revoke', 'a', '--yes', '--database', schema.url], running)
  expect((await mac.getCredential('a'))?.revoked).toBeInstanceOf(Date)
  await mac.close()
})
