import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { signHeaders } from '../../src/client/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { openDatabase } from '../support/sqlite.ts'
import { masked, withmac, withmacJson } from './run.ts'
import { serveMac } from './served.ts'

/** Runs SQL on a database directly, without the library. */
function run(path: string, sql: string): void {
  const database = openDatabase(path)
  database.exec(sql)
  database.close()
}

test('rotate prints the new key, until when the old key is valid, and when it was last used', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'ada', '--id', 'a1', '--expires', '90d'], { cwd })
  run(folder.path('mac.db'), "insert into mac_usage values ('a1', 1, unixepoch() - 10000)")
  const { out, err, status } = await withmac(['rotate', 'a1', '--grace', '3d'], { cwd })
  expect(masked(out, cwd)).toBe(`rotated a1 of ada in <folder>/mac.db: it now has key 2

id         a1
user       ada
status     valid, 90 days left
created    <moment>
expires    <moment>
algorithm  hmac-sha-256
key        <key>
This is the only time the key is shown: save it now.

Key 1 stays valid until <moment> (3 days left).
It was last used 3 hours ago. To see whether it is still in use: "withmac show a1".

Try it within five minutes. It works once; the second time it is rejected as a replay:

  curl -i -H 'Authorization: MAC id="a1", ts="<ts>", nonce="<nonce>", mac="<mac>"' http://localhost:3000/

To sign and send a new request each time:

  withmac fetch --id a1 http://localhost:3000/
`)
  expect({ err, status }).toEqual({ err: '', status: 0 })
  const shown = await withmac(['show', 'a1'], { cwd })
  expect(masked(shown.out, cwd)).toContain(`key number  2, since <moment>
old key     1, valid until <moment> (3 days left), last used 3 hours ago
last used   <moment>, 3 hours ago
`)
  const again = await withmac(['rotate', 'a1', '--save', 'no.json'], { cwd })
  expect(masked(again.err, cwd)).toBe(
    'withmac: key 1 of a1 is still valid besides key 2, until <moment> (3 days left). It was last used 3 hours ago. Wait until then, or add --end-earlier-grace: then key 1 is rejected at once.\n',
  )
  expect(again.status).toBe(1)
  expect(existsSync(folder.path('no.json'))).toBe(false)
  const ended = await withmacJson(['rotate', 'a1', '--end-earlier-grace'], { cwd })
  expect(ended).toMatchObject({ keyNumber: 3, oldKey: { keyNumber: 2 }, ended: [{ keyNumber: 1 }] })
})

test('rotate --grace 0 ends the old key and says when it was last used; --save writes the new key to a file', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'ada', '--id', 'a1', '--save', 'old.json'], { cwd })
  await using server = await serveMac({ database: `sqlite:${folder.path('mac.db')}` })
  const status = async (file: string) => {
    const credential = JSON.parse(readFileSync(folder.path(file), 'utf8'))
    const headers = { ...signHeaders({ method: 'GET', url: server.url }, credential) }
    return (await fetch(server.url, { headers })).status
  }
  expect(await status('old.json')).toBe(200)
  run(folder.path('mac.db'), "insert or replace into mac_usage values ('a1', 1, unixepoch() - 300)")
  const { out } = await withmac(['rotate', 'a1', '--grace', '0', '--save', 'new.json'], { cwd })
  expect(masked(out, cwd)).toContain(`The key is in new.json. Only you can read that file.

From now on, every request with key 1 is rejected.
It was last used 5 minutes ago (<moment>): that client is rejected until it has the new key.
`)
  expect(out).not.toContain(JSON.parse(readFileSync(folder.path('new.json'), 'utf8')).key)
  expect(out).toContain('withmac fetch --credentials new.json')
  expect([await status('old.json'), await status('new.json')]).toEqual([401, 200])
  writeFileSync(folder.path('there.json'), 'precious')
  const refused = await withmac(['rotate', 'a1', '--save', 'there.json'], { cwd })
  expect(refused.err).toContain('there.json already exists and may contain another key')
  expect(await status('new.json')).toBe(200)
  expect(await withmacJson(['show', 'a1'], { cwd })).toMatchObject({ keyNumber: 2, oldKey: null })
})

test('rotate --grace 0 ends both keys, and says when the keys were last used', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'ada', '--id', 'a1'], { cwd })
  await withmac(['rotate', 'a1'], { cwd })
  run(folder.path('mac.db'), "insert into mac_usage values ('a1', 1, unixepoch() - 300)")
  const { out } = await withmac(['rotate', 'a1', '--grace', '0'], { cwd })
  expect(masked(out, cwd)).toContain(`
From now on, every request with keys 1 and 2 is rejected.
They were last used 5 minutes ago (<moment>): that client is rejected until it has the new key.
`)
  const { out: shown } = await withmac(['show', 'a1'], { cwd })
  expect(masked(shown, cwd)).toContain('last used   <moment>, 5 minutes ago')
  // The last use of an earlier key is not the last use of the key that ends now.
  const ended = (await withmacJson(['rotate', 'a1', '--grace', '0'], { cwd })).ended
  expect(ended).toEqual([{ keyNumber: 3, lastUsed: null }])
})

test('disable, enable and extend say what changed, and whether the credential is accepted now', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const told = async (...args: string[]) => {
    const { out, err, status } = await withmac(args, { cwd })
    return [masked(out + err, cwd).replace(/\d+ (?:seconds?|minutes)/, '<n>'), status]
  }
  await withmac(['create', 'ada', '--id', 'a1'], { cwd })
  expect(await told('disable', 'a1')).toEqual([
    `disabled a1 of ada: its next request is rejected. It was never used, as far as withmac knows.
To undo this: withmac enable a1
`,
    0,
  ])
  expect(await told('sign', 'GET', 'http://a/', '--id', 'a1')).toEqual([
    `Authorization: MAC id="a1", ts="<ts>", nonce="<nonce>", mac="<mac>"
note: the credential a1 was disabled <moment>. To enable it: "withmac enable a1"
`,
    0,
  ])
  expect(await told('extend', 'a1', '--expires', '30d')).toEqual([
    `changed the expiry of a1 of ada from <moment> to <moment>.
It is still rejected: it was disabled <moment>. To enable it: withmac enable a1
`,
    0,
  ])
  const list = await withmacJson<object[]>(['list'], { cwd })
  expect(list).toMatchObject([{ id: 'a1', status: 'disabled' }])
  expect(await told('enable', 'a1')).toEqual([
    'enabled a1 of ada, after <n>: it is valid, 30 days left.\n',
    0,
  ])
  await withmac(['revoke', 'a1', '--yes'], { cwd })
  expect(await told('enable', 'a1')).toEqual([
    'withmac: a1 was revoked <moment>, which cannot be undone. To create a new one: "withmac create USER".\n',
    1,
  ])
})

test('history advises a --limit that it accepts', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['init'], { cwd })
  run(
    folder.path('mac.db'),
    `with recursive n(i) as (values (1) union all select i + 1 from n where i < 10002)
    insert into mac_audit (at, action, credential, user, detail) select i, 'created', 'a', 'a', '{}' from n`,
  )
  const { err } = await withmac(['history', '--limit', '10001'], { cwd })
  expect(err).toBe('There are more changes: --limit 100000\n')
  const { status } = await withmac(['history', '--limit', '100000'], { cwd })
  expect(status).toBe(0)
})

test('history shows who made each change, if somebody did', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'ada', '--id', 'a1'], { cwd })
  await withmac(['disable', 'a1'], { cwd })
  const operator = expect.stringMatching(/^cli:./)
  expect(await withmacJson<object[]>(['history', 'a1'], { cwd })).toMatchObject([
    { action: 'disabled', actor: operator },
    { action: 'created', actor: operator },
  ])
  run(folder.path('mac.db'), 'update mac_audit set actor = null')
  const without = await withmac(['history', 'a1'], { cwd })
  expect(without.out).not.toContain('BY')
  run(folder.path('mac.db'), "update mac_audit set actor = 'grace' where action = 'disabled'")
  const history = await withmac(['history', 'a1'], { cwd })
  expect(
    masked(history.out, cwd).replace(/<day> ..:../g, '<day> <time>'),
  ).toBe(`WHEN (UTC)        WHAT      USER  BY     DETAILS
<day> <time>  disabled  ada   grace
<day> <time>  created   ada
`)
  const events = await withmacJson<object[]>(['history', 'a1'], { cwd })
  expect(events).toMatchObject([
    { action: 'disabled', actor: 'grace' },
    { action: 'created', actor: null },
  ])
})

test('update changes only the named fields, and history shows all changes, also of a deleted credential', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const scopes = ['--scope', 'orders:read', '--rate-limit', '100/1m']
  const made = await withmacJson(['create', 'ada', '--id', 'a1', ...scopes], { cwd })
  expect(made).toMatchObject({
    scopes: ['orders:read'],
    rateLimit: { requests: 100, seconds: 60 },
  })
  const changes = ['--label', 'desk', '--scope', 'a', '--scope', 'b', '--no-rate-limit']
  const { out } = await withmac(['update', 'a1', ...changes], { cwd })
  expect(out).toBe(`changed a1 of ada

label       desk (before: none)
scopes      a b (before: orders:read)
rate limit  as the server sets it (before: 100 requests in 1 minute)
`)
  const nothing = await withmac(['update', 'a1'], { cwd })
  expect(nothing.err).toContain(
    'there is nothing to change: add --label, --scope, --rate-limit, --no-label',
  )
  await withmac(['delete', 'a1', '--yes'], { cwd })
  const history = await withmac(['history', 'a1'], { cwd })
  expect(
    masked(history.out, cwd)
      .replace(/<day> ..:../g, '<day> <time>')
      .replace(/BY +/, 'BY  ')
      .replace(/cli:\S+/g, '<me>'),
  ).toBe(`WHEN (UTC)        WHAT     USER  BY  DETAILS
<day> <time>  deleted  ada   <me>  label desk; created <moment>; never known to be used
<day> <time>  changed  ada   <me>  label desk (before: none); scopes a b (before: orders:read); rate limit as the server sets it (before: 100 requests in 1 minute)
<day> <time>  created  ada   <me>
`)
  const last = await withmacJson<object[]>(['history', '--user', 'ada', '--limit', '1'], { cwd })
  expect(last).toMatchObject([{ number: 3, action: 'deleted', id: 'a1', user: 'ada' }])
  const nobody = await withmac(['history', 'b1'], { cwd })
  expect(nobody.err).toContain('there is no credential b1 in')
  expect(nobody.status).toBe(1)
})
