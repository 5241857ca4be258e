import { createMac, type Mac } from '../../src/index.ts'
import { hearing } from '../support/hearing.ts'
import { expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'

const URL = 'http://example.com/'

test.each([
  ['was disabled', (mac: Mac) => mac.disableCredential('ada'), 'ERR_MAC_DISABLED'],
  ['was revoked', (mac: Mac) => mac.revokeCredential('ada'), 'ERR_MAC_REVOKED'],
  ['was deleted', (mac: Mac) => mac.deleteCredential('ada'), 'ERR_MAC_UNKNOWN_IDENTIFIER'],
  [
    'was rotated without a grace',
    (mac: Mac) => mac.rotateCredential('ada', { graceSeconds: 0 }),
    'ERR_MAC_MISMATCH',
  ],
] as const)(
  'the verdict and the event have no id if the credential %s since its last request',
  async (_, change, code) => {
    const mac = createMac({ database: 'sqlite::memory:' })
    const ada = await mac.createCredential('ada', { id: 'ada' })
    expect((await mac.verify(signed(ada, URL))).ok).toBe(true)
    await change(mac)
    using channels = hearing()
    for (let request = 0; request < 2; request++) {
      expect(await mac.verify(signed(ada, URL))).toMatchObject({ ok: false, id: null })
    }
    expect(channels.rejected.map(({ code, id }) => [code, id])).toEqual([
      [code, null],
      [code, null],
    ])
    await mac.close()
  },
)
