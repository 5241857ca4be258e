import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { signHeaders } from '../../src/client/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { openDatabase } from '../support/sqlite.ts'
import { masked, withmac, withmacJson } from './run.ts'
import { serveMac } from './served.ts'

/** Runs SQL on the database of a folder, past the library. */
function run(path: string, sql: string): void {
  const database = openDatabase(path)
  database.exec(sql)
  database.close()
}

test('rotate shows the new key once, until when the old one counts, and who has it', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'ada', '--id', 'a1', '--expires', '90d'], { cwd })
  run(folder.path('mac.db'), "insert into mac_usage values ('a1', 1, unixepoch() - 10000)")
  const { out, err, status } = await withmac(['rotate', 'a1', '--grace', '3d'], { cwd })
  expect(masked(out, cwd)).toBe(`rotated a1 of ada in <folder>/mac.db: its key is number 2 now

id         a1
user       ada
status     valid, 90 days left
created    <moment>
expires    <moment>
algorithm  hmac-sha-256
key        <key>
The key is shown this once: keep it now.

Key 1 stays valid until <moment> (3 days left).
It was last used 3 hours ago. "withmac show a1" tells whether it is in use.

Try it, within five minutes. Pasted a second time it is refused, as a replay:

  curl -i -H 'Authorization: MAC id="a1", ts="<ts>", nonce="<nonce>", mac="<mac>"' http://localhost:3000/

Signed anew each time:

  withmac fetch --id a1 http://localhost:3000/
`)
  expect({ err, status }).toEqual({ err: '', status: 0 })
  const shown = await withmac(['show', 'a1'], { cwd })
  expect(masked(shown.out, cwd)).toContain(`key number  2, since <moment>
old key     1, in its grace until <moment> (3 days left), last used 3 hours ago
last used   <moment>, 3 hours ago
`)
  const again = await withmac(['rotate', 'a1', '--save', 'no.json'], { cwd })
  expect(masked(again.err, cwd)).toBe(
    'withmac: a1 has key 1 still, beside key 2, until <moment> (3 days left); it was last used 3 hours ago. Wait until then, or add --end-earlier-grace: then key 1 is refused at once.\n',
  )
  expect(again.status).toBe(1)
  expect(existsSync(folder.path('no.json'))).toBe(false)
  const ended = await withmacJson(['rotate', 'a1', '--end-earlier-grace'], { cwd })
  expect(ended).toMatchObject({ keyNumber: 3, oldKey: { keyNumber: 2 }, ended: [{ keyNumber: 1 }] })
})

test('rotate --grace 0 says that the old key is refused, and who is cut off; --save keeps the new one', async () => {
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
  expect(masked(out, cwd)).toContain(`The key is in new.json, which only you can read.

Every request with key 1 is refused from now on.
It was last used 5 minutes ago (<moment>): whoever that was is cut off until they have the new key.
`)
  expect(out).not.toContain(JSON.parse(readFileSync(folder.path('new.json'), 'utf8')).key)
  expect(out).toContain('withmac fetch --credentials new.json')
  expect([await status('old.json'), await status('new.json')]).toEqual([401, 200])
  writeFileSync(folder.path('there.json'), 'precious')
  const refused = await withmac(['rotate', 'a1', '--save', 'there.json'], { cwd })
  expect(refused.err).toContain('there.json is there already and may hold another key')
  expect(await status('new.json')).toBe(200)
  expect(await withmacJson(['show', 'a1'], { cwd })).toMatchObject({ keyNumber: 2, oldKey: null })
})

test('rotate --grace 0 tells of each key that it ends when it was used, and of the last of these who is cut off', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'ada', '--id', 'a1'], { cwd })
  await withmac(['rotate', 'a1'], { cwd })
  run(folder.path('mac.db'), "insert into mac_usage values ('a1', 1, unixepoch() - 300)")
  const { out } = await withmac(['rotate', 'a1', '--grace', '0'], { cwd })
  expect(masked(out, cwd)).toContain(`
Every request with the keys 1 and 2 is refused from now on.
They were last used 5 minutes ago (<moment>): whoever that was is cut off until they have the new key.
`)
  const { out: shown } = await withmac(['show', 'a1'], { cwd })
  expect(masked(shown, cwd)).toContain('last used   <moment>, 5 minutes ago')
  // What an earlier key was used for says nothing of the one that ends now.
  const ended = (await withmacJson(['rotate', 'a1', '--grace', '0'], { cwd })).ended
  expect(ended).toEqual([{ keyNumber: 3, lastUsed: null }])
})

test('disable, enable and extend say what is so from now on', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const told = async (...args: string[]) => {
    const { out, err, status } = await withmac(args, { cwd })
    return [masked(out + err, cwd).replace(/\d+ (?:seconds?|minutes)/, '<n>'), status]
  }
  await withmac(['create', 'ada', '--id', 'a1'], { cwd })
  expect(await told('disable', 'a1')).toEqual([
    `disabled a1 of ada: its next request is refused. It was never used, as far as is known.
To take it back: withmac enable a1
`,
    0,
  ])
  expect(await told('sign', 'GET', 'http://a/', '--id', 'a1')).toEqual([
    `Authorization: MAC id="a1", ts="<ts>", nonce="<nonce>", mac="<mac>"
note: the credential a1 was disabled <moment>: "withmac enable a1" takes it back
`,
    0,
  ])
  expect(await told('extend', 'a1', '--expires', '30d')).toEqual([
    `moved the end of a1 of ada: from <moment> to <moment>.
It is refused all the same: it was disabled <moment>. To take it back: withmac enable a1
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
    'withmac: a1 was revoked <moment>, which cannot be taken back: "withmac create USER" makes a new one.\n',
    1,
  ])
})

test('history advises no more than it takes', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['init'], { cwd })
  run(
    folder.path('mac.db'),
    `with recursive n(i) as (values (1) union all select i + 1 from n where i < 10002)
    insert into mac_audit (at, action, credential, user, detail) select i, 'created', 'a', 'a', '{}' from n`,
  )
  const { err } = await withmac(['history', '--limit', '10001'], { cwd })
  expect(err).toBe('There is more: --limit 100000\n')
  const { status } = await withmac(['history', '--limit', '100000'], { cwd })
  expect(status).toBe(0)
})

test('update changes what is named, and the history tells all of it, also after the end', async () => {
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
rate limit  the same as all (before: 100 requests in 1 minute)
`)
  const nothing = await withmac(['update', 'a1'], { cwd })
  expect(nothing.err).toContain('there is nothing to change: add --label, --scope or --rate-limit')
  await withmac(['delete', 'a1', '--yes'], { cwd })
  const history = await withmac(['history', 'a1'], { cwd })
  expect(
    masked(history.out, cwd).replace(/<day> ..:../g, '<day> <time>'),
  ).toBe(`WHEN (UTC)        WHAT     USER  DETAILS
<day> <time>  deleted  ada   label desk; created <moment>; no use of it known
<day> <time>  changed  ada   label desk (before: none); scopes a b (before: orders:read); rate limit the same as all (before: 100 requests in 1 minute)
<day> <time>  created  ada
`)
  const last = await withmacJson<object[]>(['history', '--user', 'ada', '--limit', '1'], { cwd })
  expect(last).toMatchObject([{ number: 3, action: 'deleted', id: 'a1', user: 'ada' }])
  const nobody = await withmac(['history', 'b1'], { cwd })
  expect(nobody.err).toContain('there is no credential b1 in')
  expect(nobody.status).toBe(1)
})
