import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'
import { signed } from '../support/sign.ts'
import { openDatabase, rowsOf } from '../support/sqlite.ts'
import { steal } from '../support/stolen.ts'

const sealingKey = sealingKeyOf('one')
const URL = 'http://example.com/a'

/** Creates a sealed database with a history of credentials. Returns every key that was ever in it. */
async function lived(path: string) {
  const mac = createMac({ database: `sqlite:${path}`, sealingKey })
  const keys: string[] = []
  const made = []
  for (let at = 0; at < 300; at++) {
    const { id, key } = await mac.createCredential('ada')
    made.push(id)
    keys.push(key)
  }
  for (const id of made.slice(0, 200)) keys.push((await mac.rotateCredential(id)).key)
  for (const id of made.slice(0, 100)) {
    keys.push((await mac.rotateCredential(id, { graceSeconds: 0 })).key)
  }
  for (const id of made.slice(50, 150)) await mac.deleteCredential(id)
  return { mac, keys, id: made[0] ?? '' }
}

describe('an attacker with the files of a sealed database', () => {
  test('finds no key in them, neither in the rows nor between them', async () => {
    using folder = temporaryFolder()
    const { mac, keys } = await lived(folder.path('mac.db'))
    const stolen = steal(folder.path('mac.db'), folder.path('open'))
    expect(stolen.holds(keys)).toEqual([])
    const database = openDatabase(stolen.path)
    const rows = JSON.stringify(rowsOf(database, 'select * from mac_credentials'))
    database.close()
    expect(keys.filter((key) => rows.includes(key))).toEqual([])
    await mac.close()
    expect(steal(folder.path('mac.db'), folder.path('closed')).holds(keys)).toEqual([])
  })

  test('cannot open them without the sealing key, or with another one', async () => {
    using folder = temporaryFolder()
    const { mac, id } = await lived(folder.path('mac.db'))
    await mac.close()
    const { path } = steal(folder.path('mac.db'), folder.path('stolen'))
    for (const key of [null, sealingKeyOf('two')]) {
      const thief = createMac({ database: `sqlite:${path}`, sealingKey: key })
      const refusal = await thief.ready().catch((error) => error)
      expect(refusal).toMatchObject({ code: 'ERR_MAC_SEALED', status: 503 })
      expect(refusal.message).toMatch(
        /has MAC keys sealed by a sealing key that was not given: [0-9a-f]{16} \(200 credentials\)/,
      )
      await expect(thief.createCredential('eve')).rejects.toThrow(/MAC_SEALING_KEY/)
      await thief.close()
    }
    const owner = createMac({ database: `sqlite:${path}`, sealingKey })
    expect((await owner.getCredential(id))?.user).toBe('ada')
    await owner.close()
  })
})

describe('a sealed key', () => {
  test.each([
    ['copied from another row', `key = (select key from mac_credentials where id = 'bob')`],
    ['copied from the old key', 'key = old_key'],
    ['copied to the old key', 'old_key = key'],
    ['whose algorithm was changed', `algorithm = 'hmac-sha-1'`],
    ['whose old key has another algorithm', `old_algorithm = 'hmac-sha-1'`],
    ['whose number was changed', 'key_number = key_number + 1'],
    [
      'with one changed letter',
      `key = substr(key, 1, 20) || iif(substr(key, 21, 1) = 'x', 'y', 'x') || substr(key, 22)`,
    ],
    ['marked with an unknown sealing key', `key_sealed_by = '0123456789abcdef'`],
  ])('%s is never accepted, and does not affect other credentials', async (_, change) => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const rejected: string[] = []
    const mac = createMac({
      ...{ database: `sqlite:${path}`, sealingKey },
      onReject: ({ code, message }) => rejected.push(`${code}: ${message}`),
    })
    const bob = await mac.createCredential('bob', { id: 'bob' })
    const first = await mac.createCredential('ada', { id: 'ada' })
    const ada = await mac.rotateCredential('ada')
    const app = mac.withMac(() => new Response())
    for (const key of [ada, first, bob]) expect(await outcome(app(signed(key, URL)))).toBe('200')

    const database = openDatabase(path)
    database.exec(`update mac_credentials set ${change} where id = 'ada'`)
    database.close()
    for (const key of [ada, first, { ...ada, key: bob.key }, { id: 'ada', key: 'no key' }]) {
      expect(await outcome(app(signed(key, URL)))).toBe('503 ERR_MAC_SEALED')
    }
    expect(await outcome(app(signed(bob, URL)))).toBe('200')
    expect(rejected).toHaveLength(4)
    for (const text of rejected) {
      expect(text).toMatch(/^ERR_MAC_SEALED: Key [123] of credential "ada" (is sealed|cannot be)/)
      for (const { key } of [ada, first, bob]) expect(text).not.toContain(key)
    }

    // Everything that needs no key still works, and a new key repairs the credential.
    const listed = (await mac.listCredentials()).map(({ id }) => id)
    expect(listed.sort()).toEqual(['ada', 'bob'])
    expect((await mac.getCredential('ada'))?.id).toBe('ada')
    expect((await mac.disableCredential('ada')).disabled).not.toBeNull()
    await mac.enableCredential('ada')
    const repaired = await mac.rotateCredential('ada', { graceSeconds: 0 })
    expect(await outcome(app(signed(repaired, URL)))).toBe('200')
    await mac.close()
  })
})
