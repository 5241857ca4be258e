import { createMac, type MacOptions } from '../../src/index.ts'
import { createTestMac } from '../../src/testing/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { outcome } from '../support/outcome.ts'
import { afterEach, describe, expect, test } from '../support/runner.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'
import { withDatabase } from '../support/with-database.ts'

const [ONE, TWO] = [sealingKeyOf('one'), sealingKeyOf('two')]

afterEach(() => {
  delete process.env.MAC_SEALING_KEY
})

/** Creates a credential with this option, and returns the key id that sealed its key. */
async function sealedBy(sealingKey: MacOptions['sealingKey']): Promise<string | null> {
  using folder = temporaryFolder()
  const mac = createMac({ database: `sqlite:${folder.path('mac.db')}`, sealingKey })
  await mac.createCredential('ada')
  await mac.close()
  return await withDatabase(folder.path('mac.db'), async (db) => {
    const query = db.selectFrom('mac_credentials').select('key_sealed_by')
    return (await query.executeTakeFirstOrThrow()).key_sealed_by
  })
}

describe('the option sealingKey', () => {
  test('accepts one key, several in a text or a list, and functions; the first key seals', async () => {
    const id = await sealedBy(ONE)
    expect(id).toMatch(/^[0-9a-f]{16}$/)
    for (const given of [
      [ONE, TWO],
      `${ONE},${TWO}`,
      ` ${ONE}\n${TWO}\n`,
      [ONE, ONE],
      () => ONE,
      async () => [ONE, TWO],
    ]) {
      expect(await sealedBy(given)).toBe(id)
    }
    expect(await sealedBy([TWO, ONE])).not.toBe(id)
  })

  test.each([
    ['an empty text', ''],
    ['nothing but white space and commas', ' ,\n'],
    ['an empty list', []],
    ['a list with an empty text', [ONE, '']],
    ['a number', 7],
    ['true', true],
    ['bytes', new Uint8Array(32)],
    ['a wrong key after a valid one', `${ONE},abc`],
  ])('is an error if it is %s, and no key is shown', (_, sealingKey) => {
    let message = ''
    try {
      createMac({ sealingKey: sealingKey as string })
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError)
      message = (error as Error).message
    }
    expect(message).toMatch(/^withmac: wrong options for createMac: sealingKey: /)
    expect(message).not.toContain(ONE.slice(0, 8))
  })
})

describe('MAC_SEALING_KEY', () => {
  test('seals if there is no option; an option, or null, overrides it', async () => {
    const [one, two] = [await sealedBy(ONE), await sealedBy(TWO)]
    process.env.MAC_SEALING_KEY = `${ONE} ${TWO}`
    expect(await sealedBy(undefined)).toBe(one)
    expect(await sealedBy(TWO)).toBe(two)
    expect(await sealedBy(null)).toBeNull()
  })

  test.each(['', ' ', '\n'])('is an error if it is %j, and the error says to unset it', (text) => {
    process.env.MAC_SEALING_KEY = text
    expect(() => createMac()).toThrow(TypeError)
    expect(() => createMac()).toThrow(
      /^withmac: MAC_SEALING_KEY is set, but empty\. .* unset it if keys/,
    )
    for (const sealingKey of [ONE, null]) createMac({ sealingKey })
  })

  test.each([',', 'hunter2'])('is an error that names the variable if it is %j', (text) => {
    process.env.MAC_SEALING_KEY = text
    expect(() => createMac()).toThrow(/^withmac: MAC_SEALING_KEY: /)
    expect(() => createMac()).not.toThrow(/hunter2/)
  })

  test('is not read by createTestMac', async () => {
    process.env.MAC_SEALING_KEY = 'not a sealing key'
    const { mac, signedRequest } = await createTestMac()
    const app = mac.withMac(() => new Response())
    expect(await outcome(app(await signedRequest('/')))).toBe('200')
    await expect(mac.reseal()).rejects.toThrow(/needs a sealing key/)
  })
})
