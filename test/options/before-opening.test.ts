import { readdirSync } from 'node:fs'
import { createMac, type Mac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { describe, expect, test } from '../support/runner.ts'

const NOW = Math.floor(Date.now() / 1000)

/** A call with wrong input for each method that uses the database. */
const WRONG: Readonly<Record<string, (mac: Mac) => Promise<unknown>>> = {
  'createCredential with a wrong option': (mac) =>
    mac.createCredential('ada', { expire: 1 } as object),
  'createCredential without a user': (mac) => mac.createCredential(null as never),
  'createCredential with a duration in place of a time': (mac) =>
    mac.createCredential('ada', { expires: 3600 }),
  'createCredential with removeWhenExpired and no expiry': (mac) =>
    mac.createCredential('ada', { expires: null, removeWhenExpired: true }),
  'createCredential with ifExists and no id': (mac) =>
    mac.createCredential('ada', { ifExists: 'keep' }),
  'rotateCredential with a wrong option': (mac) =>
    mac.rotateCredential('a', { grace: 1 } as object),
  'rotateCredential without an id': (mac) => mac.rotateCredential(5 as never),
  'rotateCredential with an expiry in the past': (mac) =>
    mac.rotateCredential('a', { expires: NOW - 60 }),
  'extendCredential with a wrong time': (mac) => mac.extendCredential('a', 'tomorrow' as never),
  'extendCredential with an expiry in the past': (mac) => mac.extendCredential('a', NOW - 60),
  'extendCredential without an id': (mac) => mac.extendCredential(null as never, null),
  'updateCredential with a wrong change': (mac) =>
    mac.updateCredential('a', { labels: 'b' } as object),
  'updateCredential without changes': (mac) => mac.updateCredential('a', undefined as never),
  'updateCredential without an id': (mac) => mac.updateCredential(['a'] as never, {}),
  'listCredentials with a wrong filter': (mac) => mac.listCredentials({ users: 'a' } as object),
  'credentialHistory with a wrong filter': (mac) => mac.credentialHistory({ limit: 0 }),
  'credentialHistory without a user': (mac) => mac.credentialHistory({ user: null as never }),
  'reseal with a wrong option': (mac) => mac.reseal({ vacuum: 'no' } as never),
  'getCredential without an id': (mac) => mac.getCredential(undefined as never),
  'disableCredential without an id': (mac) => mac.disableCredential(5 as never),
  'enableCredential without an id': (mac) => mac.enableCredential({} as never),
  'revokeCredential without an id': (mac) => mac.revokeCredential(undefined as never),
  'deleteCredential without an id': (mac) => mac.deleteCredential(['a'] as never),
  'resetClockOffset without an id': (mac) => mac.resetClockOffset((() => 'a') as never),
  'verify with a wrong option': (mac) =>
    mac.verify(new Request('https://a.example/'), { address: '1' } as object),
  'verify without a request': (mac) => mac.verify(undefined as never),
}

describe('a TypeError is thrown, and no database is opened, by', () => {
  test.each(Object.entries(WRONG))('%s', async (_, call) => {
    using folder = temporaryFolder()
    // The first file could be created. The second cannot: its folder is missing.
    for (const name of ['mac.db', 'missing/mac.db']) {
      const mac = createMac({ database: `sqlite:${folder.path(name)}` })
      await expect(call(mac)).rejects.toBeInstanceOf(TypeError)
      expect(readdirSync(folder.path('.'))).toEqual([])
      await mac.close()
    }
  })
})

test('valid input opens the database, and the error says what is wrong with it', async () => {
  using folder = temporaryFolder()
  const mac = createMac({ database: `sqlite:${folder.path('missing/mac.db')}` })
  for (const call of [
    () => mac.createCredential('ada'),
    () => mac.rotateCredential('a'),
    () => mac.extendCredential('a', null),
    () => mac.listCredentials(),
    () => mac.credentialHistory(),
    () => mac.getCredential('a'),
    () => mac.deleteCredential('a'),
  ]) {
    await expect(call()).rejects.toMatchObject({ code: 'ERR_MAC_STORE' })
  }
  await mac.close()
})
