import { createMac } from '../../src/index.ts'
import { expect, test } from '../support/runner.ts'

const mac = createMac({ database: 'sqlite::memory:' })

test.each([[['ada']], [{}], [() => 1], [undefined], [5]])(
  'an id that is not a string is an error: %s',
  async (id) => {
    await mac.createCredential('ada', { id: 'ada', ifExists: 'keep' })
    for (const name of [
      'getCredential',
      'revokeCredential',
      'deleteCredential',
      'resetClockOffset',
    ] as const) {
      await expect(mac[name](id as unknown as string)).rejects.toBeInstanceOf(TypeError)
    }
    expect((await mac.getCredential('ada'))?.revoked).toBeNull()
  },
)

test.each([['ada'], [5], [null], [{ users: 'ada' }], [{ user: {} }]])(
  'a filter that is not valid is an error, and is not ignored: %s',
  async (filter) => {
    await expect(mac.listCredentials(filter as never)).rejects.toBeInstanceOf(TypeError)
  },
)

test('a filter accepts the same users as createCredential', async () => {
  await mac.createCredential({ id: 7 })
  expect(await mac.listCredentials({ user: { id: 7 } })).toHaveLength(1)
})

test('an end in milliseconds is an error', async () => {
  const made = mac.createCredential('ada', { expires: Date.now() + 3_600_000 })
  await expect(made).rejects.toThrow('milliseconds')
})
