import { createMac } from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { expect, test } from '../support/runner.ts'

const DAY = 86_400

function start() {
  const clock = new Clock()
  return { clock, mac: createMac({ database: 'sqlite::memory:', now: clock.now }) }
}

test('the event of a deletion contains the user and the properties of the credential', async () => {
  const { mac, clock } = start()
  const ada = await mac.createCredential('ada', { label: 'laptop', scopes: ['a'] })
  clock.seconds += 10
  await mac.deleteCredential(ada.id)
  expect(await mac.getCredential(ada.id)).toBeNull()
  const [deleted, created] = await mac.credentialHistory({ id: ada.id })
  expect(created).toEqual({
    ...{ number: 1, action: 'created', id: ada.id, user: 'ada', detail: {}, actor: null },
    at: ada.created,
  })
  expect(deleted).toEqual({
    ...{ number: 2, action: 'deleted', id: ada.id, user: 'ada', actor: null },
    at: new Date(clock.seconds * 1000),
    detail: {
      ...{ label: 'laptop', scopes: ['a'], keyNumber: 1, lastUsed: null },
      ...{ created: clock.seconds - 10, expires: clock.seconds - 10 + DAY },
      ...{ revoked: null, disabled: null },
    },
  })
})

test('the history contains every change in order, and no key', async () => {
  const { mac, clock } = start()
  const keys: string[] = []
  const ada = await mac.createCredential('ada', { expires: null })
  keys.push(ada.key)
  keys.push((await mac.rotateCredential(ada.id, { graceSeconds: 10 })).key)
  clock.seconds += 10
  await mac.prune()
  await mac.extendCredential(ada.id, clock.seconds + DAY)
  await mac.disableCredential(ada.id)
  await mac.enableCredential(ada.id)
  await mac.updateCredential(ada.id, { label: 'laptop' })
  await mac.revokeCredential(ada.id)
  await mac.revokeCredential(ada.id)
  await mac.deleteCredential(ada.id)
  const history = await mac.credentialHistory()
  const actions = history.map(({ action }) => action).reverse()
  expect(actions.join(' ')).toBe(
    'created rotated retired extended disabled enabled changed revoked deleted',
  )
  for (const key of keys) expect(JSON.stringify(history)).not.toContain(key)
})

test('the history can be filtered by identifier and user, and limited to the latest', async () => {
  const { mac } = start()
  for (const [user, id] of [
    ['ada', 'a'],
    ['eve', 'b'],
    [7, 'c'],
  ] as const) {
    await mac.createCredential(user, { id })
  }
  const ids = async (filter?: object) =>
    (await mac.credentialHistory(filter)).map(({ id }) => id).join('')
  expect(await ids()).toBe('cba')
  expect(await ids({ id: 'b' })).toBe('b')
  expect(await ids({ user: 7 })).toBe('c')
  expect(await ids({ user: { id: 'ada' } })).toBe('a')
  expect(await ids({ user: 'ada', id: 'b' })).toBe('')
  expect(await ids({ limit: 2 })).toBe('cb')
  await expect(ids({ limit: 0 })).rejects.toThrow('limit')
  await expect(ids({ name: 'ada' })).rejects.toThrow('name')
})

test('a call that changes nothing adds no event', async () => {
  const { mac } = start()
  const ada = await mac.createCredential('ada')
  await mac.enableCredential(ada.id)
  await mac.updateCredential(ada.id, { scopes: [] })
  await mac.extendCredential(ada.id, ada.expires)
  await expect(mac.createCredential('eve', { id: ada.id })).rejects.toThrow()
  expect(await mac.credentialHistory()).toHaveLength(1)
})

test('the history of the user "" is empty, and so is the list', async () => {
  const { mac } = start()
  await mac.createCredential('ada')
  expect(await mac.credentialHistory({ user: '' })).toEqual([])
  expect(await mac.listCredentials({ user: '' })).toEqual([])
  await mac.close()
})
