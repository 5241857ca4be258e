import { partsOf } from '../../src/create-mac.ts'
import { CHANNELS } from '../../src/diagnostics.ts'
import { createMac } from '../../src/index.ts'
import { expect, test } from '../support/runner.ts'

test('changes of a person name the person in the history, and changes of the Mac name nobody', async () => {
  const mac = createMac({ database: 'sqlite::memory:' })
  const grace = partsOf(mac).actingAs('grace')
  const { id } = await grace.createCredential('ada', { expires: null })
  await mac.updateCredential(id, { label: 'desk' })
  await grace.rotateCredential(id)
  await grace.extendCredential(id, new Date(Date.now() + 1e9))
  await grace.disableCredential(id)
  await grace.enableCredential(id)
  await grace.updateCredential(id, { label: 'laptop' })
  await grace.resetClockOffset(id)
  await grace.revokeCredential(id)
  await grace.deleteCredential(id)
  await mac.createCredential('ada')
  const history = (await mac.credentialHistory()).reverse()
  expect(history.map(({ action, actor }) => `${action} ${actor}`)).toEqual([
    ...['created grace', 'changed null', 'rotated grace', 'extended grace', 'disabled grace'],
    ...['enabled grace', 'changed grace', 'revoked grace', 'deleted grace', 'created null'],
  ])
  await mac.close()
})

test('a rotation by a person is published like any other', async () => {
  const mac = createMac({ database: 'sqlite::memory:' })
  const { id } = await mac.createCredential('ada')
  const published: unknown[] = []
  const listener = (message: unknown) => published.push(message)
  CHANNELS.rotated.subscribe(listener)
  await partsOf(mac).actingAs('grace').rotateCredential(id)
  CHANNELS.rotated.unsubscribe(listener)
  expect(published).toMatchObject([{ id, keyNumber: 2 }])
  await mac.close()
})
