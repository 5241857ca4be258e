import { createMac, MacError } from '../../src/index.ts'
import { describe, expect, test } from '../support/runner.ts'

const mac = createMac({ database: 'sqlite::memory:' })
const ada = await mac.createCredential('ada', {
  id: 'seed',
  key: 'the-first-a-key-that-holds-128-bits',
  label: 'first',
})

/** Returns the error that a creation throws. */
async function errorOf(creation: Promise<unknown>): Promise<MacError> {
  const error = await creation.then(
    () => null,
    (caught: unknown) => caught,
  )
  expect(error).toBeInstanceOf(MacError)
  return error as MacError
}

test.each([[undefined], ['error' as const]])(
  'ifExists %p throws if the id is taken',
  async (ifExists) => {
    const error = await errorOf(mac.createCredential('ada', { id: 'seed', ifExists }))
    expect(error.code).toBe('ERR_MAC_CREDENTIAL_EXISTS')
    expect(error.message).toContain('"seed"')
    expect(error.message).toContain('ifExists: "keep"')
  },
)

test('an id that another user has is taken, and the error does not name that user', async () => {
  const error = await errorOf(mac.createCredential('eve', { id: 'seed' }))
  expect(error.code).toBe('ERR_MAC_CREDENTIAL_EXISTS')
  expect(error.message).toContain('another user')
  expect(error.message).not.toContain('ada')
})

describe("ifExists 'keep'", () => {
  test('returns the credential that exists, without its key, and changes nothing', async () => {
    const options = {
      id: 'seed',
      key: 'another-a-key-that-holds-128-bits',
      label: 'second',
      ifExists: 'keep',
    } as const
    const kept = await mac.createCredential('ada', options)
    const { key, ...shown } = ada
    expect(kept).toEqual({ ...shown, key: null })
    expect(await mac.listCredentials()).toEqual([shown])
    expect(JSON.stringify(kept)).not.toContain(key)
  })

  test('creates the credential if there is none', async () => {
    const made = await mac.createCredential(7, {
      id: 'new',
      key: 'a-key-that-holds-128-bits',
      ifExists: 'keep',
    })
    expect(made.key).toBe('a-key-that-holds-128-bits')
    const again = await mac.createCredential(7n, {
      id: 'new',
      key: 'a-key-that-holds-128-bits',
      ifExists: 'keep',
    })
    expect(again.key).toBeNull()
    await mac.deleteCredential('new')
  })

  test('throws if the credential belongs to another user', async () => {
    const error = await errorOf(mac.createCredential('eve', { id: 'seed', ifExists: 'keep' }))
    expect(error.code).toBe('ERR_MAC_CREDENTIAL_EXISTS')
    expect((await mac.getCredential('seed'))?.user).toBe('ada')
  })

  test('throws if there is no id', async () => {
    const made = mac.createCredential('ada', { ifExists: 'keep' })
    await expect(made).rejects.toBeInstanceOf(TypeError)
    expect(await mac.listCredentials()).toHaveLength(1)
  })

  test('creates one credential if many calls run at once', async () => {
    const make = (at: number) =>
      mac.createCredential('ada', {
        id: 'race',
        key: `a-key-that-holds-128-bits ${at}`,
        ifExists: 'keep',
      })
    const made = await Promise.all(Array.from({ length: 16 }, (_, at) => make(at)))
    expect(made.filter(({ key }) => key !== null)).toHaveLength(1)
  })
})
