import { createMac, type Mac } from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'

const URL = 'http://example.com/a'

function start() {
  const clock = new Clock()
  const mac = createMac({ database: 'sqlite::memory:', now: clock.now, onReject: () => {} })
  const app = mac.withMac(() => new Response())
  const send = (key: { id: string; key: string }) =>
    outcome(app(signed(key, URL, { ts: clock.seconds })))
  return { clock, mac, send }
}

const ids = async (mac: Mac, filter?: Parameters<Mac['listCredentials']>[0]) =>
  (await mac.listCredentials(filter)).map(({ id }) => id)

describe('listCredentials', () => {
  test('returns all credentials, or those of one user, oldest first', async () => {
    const { clock, mac } = start()
    expect(await mac.listCredentials()).toEqual([])
    for (const [id, user] of [
      ['c', 'ada'],
      ['b', 7],
      ['a', 'ada'],
    ] as const) {
      await mac.createCredential(user, { id })
      clock.seconds++
    }
    expect(await ids(mac)).toEqual(['c', 'b', 'a'])
    expect(await ids(mac, {})).toEqual(['c', 'b', 'a'])
    expect(await ids(mac, { user: 'ada' })).toEqual(['c', 'a'])
    for (const user of [7, 7n, '7']) expect(await ids(mac, { user })).toEqual(['b'])
    expect(await ids(mac, { user: 'eve' })).toEqual([])
    expect(await ids(mac, { user: '' })).toEqual([])
  })
})

describe('getCredential', () => {
  test('returns the credential without its key, or null', async () => {
    const { mac } = start()
    const { key, ...shown } = await mac.createCredential('ada')
    expect(await mac.getCredential(shown.id)).toEqual(shown)
    expect(await mac.getCredential('nobody')).toBeNull()
  })
})

describe('revokeCredential', () => {
  test('ends a credential at once, and keeps it in the list with the time of the first call', async () => {
    const { clock, mac, send } = start()
    const ada = await mac.createCredential('ada')
    const other = await mac.createCredential('ada')
    expect(await send(ada)).toBe('200')
    const moment = new Date(clock.seconds * 1000)
    await mac.revokeCredential(ada.id)
    expect(await send(ada)).toBe('401 ERR_MAC_REJECTED')
    clock.seconds++
    await mac.revokeCredential(ada.id)
    expect((await mac.getCredential(ada.id))?.revoked).toEqual(moment)
    expect(await ids(mac)).toContain(ada.id)
    expect(await send(other)).toBe('200')
  })

  test('does not free the identifier', async () => {
    const { mac } = start()
    const { id } = await mac.createCredential('ada')
    await mac.revokeCredential(id)
    const again = mac.createCredential('ada', { id })
    await expect(again).rejects.toMatchObject({ code: 'ERR_MAC_CREDENTIAL_EXISTS' })
  })
})

describe('deleteCredential', () => {
  test('removes the credential, and frees its identifier', async () => {
    const { mac, send } = start()
    const ada = await mac.createCredential('ada')
    await mac.deleteCredential(ada.id)
    expect(await send(ada)).toBe('401 ERR_MAC_REJECTED')
    expect(await mac.getCredential(ada.id)).toBeNull()
    expect(await ids(mac)).toEqual([])
    const eve = await mac.createCredential('eve', { id: ada.id })
    expect(await send(ada)).toBe('401 ERR_MAC_REJECTED')
    expect(await send(eve)).toBe('200')
  })

  test('keeps the nonces, so that a replay is rejected if the credential is created again', async () => {
    const { clock, mac } = start()
    const ada = await mac.createCredential('ada')
    const request = signed(ada, URL, { ts: clock.seconds })
    const copy = new Request(request)
    const app = mac.withMac(() => new Response())
    expect(await outcome(app(request))).toBe('200')
    await mac.deleteCredential(ada.id)
    await mac.createCredential('ada', { id: ada.id, key: ada.key })
    expect(await outcome(app(copy))).toBe('401 ERR_MAC_REPLAY')
  })
})

test.each([['revokeCredential'], ['deleteCredential'], ['resetClockOffset']] as const)(
  '%s throws for an unknown identifier',
  async (name) => {
    const { mac } = start()
    await expect(mac[name]('no"body')).rejects.toMatchObject({
      code: 'ERR_MAC_CREDENTIAL_UNKNOWN',
      message: expect.stringContaining('"no\\"body"'),
    })
  },
)

describe('an expired credential', () => {
  test('is rejected from the second of its end, and stays in the list', async () => {
    const { clock, mac, send } = start()
    const ada = await mac.createCredential('ada', { expires: clock.seconds + 60 })
    clock.seconds += 59
    expect(await send(ada)).toBe('200')
    clock.seconds += 1
    expect(await send(ada)).toBe('401 ERR_MAC_EXPIRED')
    expect(await ids(mac)).toEqual([ada.id])
  })

  test('has expired after a day by default, and never if its end is null', async () => {
    const { clock, mac, send } = start()
    const ada = await mac.createCredential('ada')
    const eve = await mac.createCredential('eve', { expires: null })
    clock.seconds += 86_399
    expect(await send(ada)).toBe('200')
    clock.seconds += 1
    expect(await send(ada)).toBe('401 ERR_MAC_EXPIRED')
    clock.seconds += 1_000_000_000
    expect(await send(eve)).toBe('200')
  })
})
