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
    'got another key for one that leaked',
    (mac: Mac) => mac.rotateCredential('ada', { graceSeconds: 0 }),
    'ERR_MAC_MISMATCH',
  ],
] as const)(
  'who %s since its last request is named by no refusal, the first of them neither',
  async (_, change, code) => {
    const mac = createMac({ database: 'sqlite::memory:' })
    const ada = await mac.createCredential('ada', { id: 'ada' })
    expect((await mac.verify(signed(ada, URL))).ok).toBe(true)
    await change(mac)
    using heard = hearing()
    for (let request = 0; request < 2; request++) {
      expect(await mac.verify(signed(ada, URL))).toMatchObject({ ok: false, id: null })
    }
    expect(heard.rejected.map(({ code, id }) => [code, id])).toEqual([
      [code, null],
      [code, null],
    ])
    await mac.close()
  },
)
