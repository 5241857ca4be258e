import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMac, type MacOptions } from '../../src/index.ts'
import { block } from '../docs/pages.ts'
import { temporaryFolder } from '../support/folder.ts'
import { SQLITE3, testWith } from '../support/needs.ts'
import { runCommand } from '../support/process.ts'
import { afterAll, expect, test } from '../support/runner.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'
import { givenPostgres } from '../support/servers/given.ts'
import { schemasIn } from '../support/servers/schema.ts'
import { type Key, type Signing, signed } from '../support/sign.ts'

const ROOT = join(import.meta.dirname, '../..')
const SCRIPT = join(ROOT, 'docs/examples/sqlite-to-postgres.sh')

const server = await givenPostgres()
const schemas = await schemasIn(server.url)
afterAll(async () => {
  await schemas[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/** Opens a `Mac`, with a function that sends it a signed request, and returns the user or the code. */
function open(options: MacOptions) {
  const mac = createMac({ onReject: () => {}, ...options })
  const send = async (key: Key, signing: Signing = {}) => {
    const result = await mac.verify(signed(key, 'http://a.test/', signing))
    return result.ok ? result.identity.user : result.error.code
  }
  return { mac, send, [Symbol.asyncDispose]: () => mac.close() }
}

const ifSqlite = await testWith(SQLITE3)

ifSqlite(
  'sqlite-to-postgres.sh copies keys, sealed or not, with their last use and history',
  async () => {
    using folder = temporaryFolder()
    await using schema = await schemas.make()
    const { url } = schema
    const file = folder.path('mac.db')
    const sealingKey = sealingKeyOf('moving')
    await using plain = open({ database: `sqlite:${file}` })
    const label = 'a "quoted" label,\\N with \'all\' of it: ü'
    const ada = await plain.mac.createCredential('ada', { label, scopes: ['a', 'b'] })
    await using old = open({ database: `sqlite:${file}`, sealingKey })
    const eve = await old.mac.createCredential('eve', { label: '', expires: null })
    const rotated = await old.mac.rotateCredential(eve.id, { graceSeconds: 600 })
    const replay = { ts: Math.floor(Date.now() / 1000) + 5, nonce: 'seen' }
    expect([await old.send(ada, replay), await old.send(eve), await old.send(rotated)]).toEqual([
      ...['ada', 'eve', 'eve'],
    ])
    await plain.mac.close()
    await old.mac.close()

    await using now = open({ database: url, sealingKey })
    await now.mac.ready()
    await now.mac.close()
    const { out, err, status } = await copy(file, url)
    expect([err, status]).toEqual(['', 0])
    expect(out).toContain('2')

    await using before = open({ database: `sqlite:${file}`, sealingKey })
    await using after = open({ database: url, sealingKey })
    const told = ({ mac }: typeof after) =>
      Promise.all([mac.listCredentials(), mac.credentialHistory(), mac.getCredential(ada.id)])
    expect(await told(after)).toEqual(await told(before))
    expect(await after.send(ada, replay)).toBe('ERR_MAC_TIMESTAMP_STALE')
    const later = { ts: replay.ts + 1 }
    const sent = [
      await after.send(ada, later),
      await after.send(eve, later),
      await after.send(rotated, later),
    ]
    expect(sent).toEqual(['ada', 'eve', 'eve'])
    expect((await copy(file, url)).status).not.toBe(0)
  },
)

test('after the documented line for a restored PostgreSQL, no replay is accepted', async () => {
  using folder = temporaryFolder()
  await using schema = await schemas.make()
  const { url } = schema
  await using one = open({ database: url })
  const ada = await one.mac.createCredential('ada')
  const ts = Math.floor(Date.now() / 1000) + 290
  expect(await one.send(ada, { ts })).toBe('ada')
  await one.mac.close()
  writeFileSync(folder.path('line.sh'), block('extract(epoch from now()) + 301').code)
  const env = { ...process.env, MAC_DATABASE_URL: url }
  expect((await runCommand(['sh', folder.path('line.sh')], { cwd: '/', env })).out).toBe('UPDATE 1')
  await using again = open({ database: url })
  expect(await again.send(ada, { ts })).toBe('ERR_MAC_TIMESTAMP_STALE')
})

/** Runs the script as its first lines say. */
function copy(file: string, url: string) {
  return runCommand(['sh', SCRIPT, file, url], { cwd: '/', env: process.env })
}
