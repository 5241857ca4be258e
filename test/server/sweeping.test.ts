import { setImmediate } from 'node:timers/promises'
import { createMac } from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { databaseContent } from '../support/database-content.ts'
import { temporaryFolder } from '../support/folder.ts'
import { outcome } from '../support/outcome.ts'
import { expect, test } from '../support/runner.ts'
import { type Key, signed } from '../support/sign.ts'

const DAY = 86_400

/** Starts a server on a file. */
function start(path: string) {
  const clock = new Clock()
  const mac = createMac({ database: `sqlite:${path}`, now: clock.now, onReject() {} })
  const app = mac.withMac(() => new Response())
  return {
    ...{ clock, mac },
    /** Sends a request, and waits for the cleanup after it. */
    async send(key: Key): Promise<string> {
      const answer = await outcome(app(signed(key, 'http://example.com/', { ts: clock.seconds })))
      for (let turn = 0; turn < 20; turn++) await setImmediate()
      return answer
    },
    ids: async () => (await mac.listCredentials()).map(({ id }) => id),
  }
}

test('an old key is removed within a minute after its grace, and the history says when it was last used', async () => {
  using folder = temporaryFolder()
  const { mac, clock, send } = start(folder.path('mac.db'))
  const ada = await mac.createCredential('ada', { expires: null })
  const renewed = await mac.rotateCredential(ada.id, { graceSeconds: 100 })
  expect(await send(renewed)).toBe('200')
  clock.seconds += 70
  const used = clock.seconds
  expect(await send(ada)).toBe('200')
  clock.seconds += 30
  expect(await send(ada)).toBe('401 ERR_MAC_REJECTED')
  expect(await send(renewed)).toBe('200')
  // A minute has not passed since the last cleanup.
  expect((await mac.getCredential(ada.id))?.oldKey?.lastUsed).toEqual(new Date(used * 1000))
  clock.seconds += 30
  expect(await send(renewed)).toBe('200')
  expect((await mac.getCredential(ada.id))?.oldKey).toBeNull()
  const [retired] = await mac.credentialHistory({ id: ada.id })
  expect(retired).toMatchObject({
    ...{ action: 'retired', at: new Date(clock.seconds * 1000) },
    detail: { keyNumber: 1, lastUsed: used },
  })
  const { mac_usage: usage = [] } = databaseContent(folder.path('mac.db')).rows
  // The use of the old key is kept: it may be the last use of the credential.
  expect(usage.map(([, keyNumber]) => Number(keyNumber))).toEqual([1, 2])
  expect(await send(renewed)).toBe('200')
  await mac.close()
})

test('credentials with removeWhenExpired are removed a day after they expired, with the data of their use', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const { mac, clock, send, ids } = start(path)
  const ada = await mac.createCredential('ada', { expires: null })
  const temporary = { expires: clock.seconds + 10, removeWhenExpired: true }
  const first = await mac.createCredential('first', temporary)
  const second = await mac.createCredential('second', {
    ...temporary,
    expires: clock.seconds + 40,
  })
  const kept = await mac.createCredential('kept', { expires: clock.seconds + 10 })
  for (const key of [first, second, kept]) expect(await send(key)).toBe('200')
  clock.seconds += 10
  expect(await send(first)).toBe('401 ERR_MAC_EXPIRED')
  clock.seconds += DAY
  // A rejected request does not start a cleanup.
  expect(await send({ ...ada, key: 'another' })).toBe('401 ERR_MAC_REJECTED')
  expect(await ids()).toContain(first.id)
  expect(await send(ada)).toBe('200')
  expect(await ids()).not.toContain(first.id)
  const { mac_usage: usage = [] } = databaseContent(path).rows
  expect(usage.map(([id]) => id).sort()).toEqual([ada.id, kept.id, second.id].sort())
  clock.seconds += 30
  expect(await send(ada)).toBe('200')
  expect(await ids()).toContain(second.id)
  clock.seconds += 30
  expect(await send(ada)).toBe('200')
  expect((await ids()).sort()).toEqual([ada.id, kept.id].sort())
  await mac.close()
})

test('1000 expired credentials are removed while requests are answered', async () => {
  using folder = temporaryFolder()
  const { mac, clock, send, ids } = start(folder.path('mac.db'))
  const ada = await mac.createCredential('ada', { expires: null })
  const options = { expires: clock.seconds + 1, removeWhenExpired: true }
  for (let at = 0; at < 1000; at++) await mac.createCredential('machine', options)
  clock.seconds += DAY + 1
  for (let time = 0; time < 20; time++) expect(await send(ada)).toBe('200')
  expect(await ids()).toEqual([ada.id])
  await mac.close()
}, 180_000)

test('prune removes expired keys and credentials too, and returns the number of nonces', async () => {
  using folder = temporaryFolder()
  const { mac, clock, send, ids } = start(folder.path('mac.db'))
  const ada = await mac.createCredential('ada', { expires: null })
  for (let time = 0; time < 3; time++) expect(await send(ada)).toBe('200')
  const options = { expires: clock.seconds + 1, removeWhenExpired: true }
  for (let at = 0; at < 300; at++) await mac.createCredential('machine', options)
  await mac.rotateCredential(ada.id, { graceSeconds: 5 })
  clock.seconds += DAY + 1
  expect(await mac.prune()).toBe(3)
  expect(await ids()).toEqual([ada.id])
  expect((await mac.getCredential(ada.id))?.oldKey).toBeNull()
  await mac.close()
})
