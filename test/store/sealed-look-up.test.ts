import { openStore } from '../../src/store/open.ts'
import { type KeySealer, readSealer, UNSEALED } from '../../src/store/sealing/sealer.ts'
import type { StoredCredential } from '../../src/store/types.ts'
import { temporaryFolder } from '../support/folder.ts'
import { describe, expect, test } from '../support/runner.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'

const ADA: StoredCredential = {
  ...{ id: 'ada', user: 'ada', key: 'a key', algorithm: 'hmac-sha-256', label: null, created: 1 },
  ...{ expires: null, revoked: null, disabled: null, clockOffset: null, scopes: [] },
  ...{ rateLimit: null, keyNumber: 2, rotated: null, oldKey: null, removeAt: null },
}
const oldKey = { key: 'an old key', algorithm: 'hmac-sha-1', until: 9 } as const

/** A sealer that counts how often it opens a key, or does the same work without one. */
function counting(sealer: KeySealer): KeySealer & { opened: number } {
  const counted = {
    ...sealer,
    opened: 0,
    open(...args: Parameters<KeySealer['open']>) {
      counted.opened++
      return sealer.open(...args)
    },
    openNone() {
      counted.opened++
      sealer.openNone()
    },
  }
  return counted
}

describe('each look-up of keys opens two keys', () => {
  test('for a known and an unknown identifier, with and without an old key, sealed and unsealed', async () => {
    using folder = temporaryFolder()
    const source = { path: folder.path('mac.db'), driver: 'own' } as const
    const unsealed = await openStore(source)
    await unsealed.credentials.insert({ ...ADA, id: 'unsealed' })
    await unsealed.credentials.insert({ ...ADA, id: 'unsealed, both', oldKey })
    await unsealed.close()
    const sealer = counting(readSealer(sealingKeyOf('one')))
    const store = await openStore(source, { sealer })
    await store.credentials.insert(ADA)
    await store.credentials.insert({ ...ADA, id: 'both', oldKey })
    for (const [id, keys] of [
      ['nobody', null],
      ['ada', ['a key', undefined]],
      ['both', ['a key', 'an old key']],
      ['unsealed', ['a key', undefined]],
      ['unsealed, both', ['a key', 'an old key']],
    ] as const) {
      sealer.opened = 0
      const { current, old } = await store.credentials.lookUpKeys(id)
      expect(sealer.opened).toBe(2)
      expect([current.exists, old.exists]).toEqual([keys !== null, keys?.[1] !== undefined])
      if (current.exists) expect(current.macKey).toBe(keys?.[0] ?? '')
      if (old.exists) expect(old.macKey).toBe(keys?.[1] ?? '')
      const { credential } = await store.credentials.lookUp(id)
      expect(credential && [credential.key, credential.oldKey?.key]).toEqual(keys && [...keys])
    }
    await store.close()
  })
})

test('whether a key is sealed depends on the column beside it, not on what the key looks like', async () => {
  using folder = temporaryFolder()
  const source = { path: folder.path('mac.db'), driver: 'own' } as const
  const sealer = readSealer(sealingKeyOf('one'))
  const place = { id: 'ada', number: 2, algorithm: 'hmac-sha-256' } as const
  const { text } = sealer.seal('a key', place)
  for (const writer of [UNSEALED, sealer]) {
    const store = await openStore(source, { sealer: writer })
    await store.credentials.insert({ ...ADA, key: text })
    await store.close()
    const reader = await openStore(source, { sealer })
    expect((await reader.credentials.lookUp('ada')).credential?.key).toBe(text)
    await reader.credentials.remove('ada', 1)
    await reader.close()
  }
})
