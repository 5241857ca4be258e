import { createMac, getMac, type MacError } from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { codeOf } from '../support/code-of.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { type Key, signed } from '../support/sign.ts'

const URL = 'http://example.com/a'
const DAY = 86_400

function start() {
  const clock = new Clock()
  const codes: string[] = []
  const mac = createMac({
    database: 'sqlite::memory:',
    now: clock.now,
    onReject: ({ code }: MacError) => codes.push(code),
  })
  let scopes: readonly string[] | undefined
  const app = mac.withMac((request) => {
    scopes = getMac(request)?.scopes
    return new Response()
  })
  const send = (key: Key) => outcome(app(signed(key, URL, { ts: clock.seconds })))
  return { clock, mac, codes, send, scopes: () => scopes }
}

describe('extendCredential', () => {
  test('changes the end, also of an expired credential, and accepts null for never', async () => {
    const { mac, clock, send } = start()
    const ada = await mac.createCredential('ada')
    clock.seconds += DAY
    expect(await send(ada)).toBe('401 ERR_MAC_EXPIRED')
    const later = new Date((clock.seconds + DAY) * 1000)
    expect(await mac.extendCredential(ada.id, later)).toMatchObject({ id: ada.id, expires: later })
    expect(await send(ada)).toBe('200')
    expect((await mac.extendCredential(ada.id, clock.seconds + 5)).expires).toEqual(
      new Date((clock.seconds + 5) * 1000),
    )
    clock.seconds += 5
    expect(await send(ada)).toBe('401 ERR_MAC_EXPIRED')
    expect((await mac.extendCredential(ada.id, null)).expires).toBeNull()
    clock.seconds += 1000 * DAY
    expect(await send(ada)).toBe('200')
  })

  test.each([[-1], [0], ['tomorrow'], [undefined], [{}], [Number.NaN], [new Date(Number.NaN)]])(
    'throws for the end %p, and changes nothing',
    async (expires) => {
      const { mac } = start()
      const ada = await mac.createCredential('ada')
      expect(await codeOf(mac.extendCredential(ada.id, expires as number))).toContain('expires')
      expect((await mac.getCredential(ada.id))?.expires).toEqual(ada.expires)
    },
  )

  test('throws for an end in the past, and for a duration', async () => {
    const { mac, clock } = start()
    const { id } = await mac.createCredential('ada')
    expect(await codeOf(mac.extendCredential(id, clock.seconds))).toContain('is in the past')
    expect(await codeOf(mac.extendCredential(id, 3600))).toContain('1970')
  })

  test('moves the removal of a credential that removes itself along with its end', async () => {
    const { mac, clock } = start()
    const { id } = await mac.createCredential('ada', { removeWhenExpired: true })
    await mac.extendCredential(id, clock.seconds + 3 * DAY)
    clock.seconds += 4 * DAY - 1
    await mac.prune()
    expect(await mac.getCredential(id)).not.toBeNull()
    clock.seconds += 1
    await mac.prune()
    expect(await mac.getCredential(id)).toBeNull()
    expect(await mac.credentialHistory({ id })).toMatchObject([{ action: 'extended' }])
  })
})

describe('a disabled credential', () => {
  test('is rejected like a wrong MAC from its next request on, until it is enabled', async () => {
    const { mac, clock, send, codes } = start()
    const ada = await mac.createCredential('ada')
    expect(await send(ada)).toBe('200')
    const since = new Date(clock.seconds * 1000)
    expect(await mac.disableCredential(ada.id)).toMatchObject({ disabled: since })
    clock.seconds += 5
    expect(await mac.disableCredential(ada.id)).toMatchObject({ disabled: since })
    expect(await send(ada)).toBe('401 ERR_MAC_REJECTED')
    expect(codes).toEqual(['ERR_MAC_DISABLED'])
    expect(await mac.enableCredential(ada.id)).toMatchObject({ disabled: null })
    expect(await send(ada)).toBe('200')
    await mac.enableCredential(ada.id)
    const actions = (await mac.credentialHistory({ id: ada.id })).map(({ action }) => action)
    expect(actions).toEqual(['enabled', 'disabled', 'created'])
  })
})

describe('updateCredential', () => {
  test('changes only the properties it gets, and they apply to the next request', async () => {
    const { mac, send, scopes } = start()
    const ada = await mac.createCredential('ada', { label: 'laptop', scopes: ['b', 'a', 'b'] })
    expect(ada.scopes).toEqual(['b', 'a'])
    await send(ada)
    expect(scopes()).toEqual(['b', 'a'])
    const rateLimit = { requests: 5, seconds: 60 }
    expect(await mac.updateCredential(ada.id, { scopes: ['c'], rateLimit })).toMatchObject({
      ...{ label: 'laptop', scopes: ['c'], rateLimit },
    })
    await send(ada)
    expect(scopes()).toEqual(['c'])
    expect(Object.isFrozen(scopes())).toBe(true)
    const bare = { label: null, scopes: [], rateLimit: null }
    expect(await mac.updateCredential(ada.id, bare)).toMatchObject(bare)
    expect(await mac.updateCredential(ada.id, {})).toMatchObject(bare)
  })

  test.each([
    [{ scopes: 'orders:read' }, 'scopes'],
    [{ scopes: ['orders read'] }, 'scopes.0'],
    [{ scopes: ['"'] }, 'scopes.0'],
    [{ scopes: [''] }, 'scopes.0'],
    [{ rateLimit: { requests: 0, seconds: 1 } }, 'rateLimit.requests'],
    [{ rateLimit: { requests: 1 } }, 'rateLimit.seconds'],
    [{ label: 5 }, 'label'],
    [{ expires: null }, 'expires'],
  ])('throws for %j, and names %s', async (changes, names) => {
    const { mac } = start()
    const { key: _, ...ada } = await mac.createCredential('ada', { scopes: ['a'] })
    expect(await codeOf(mac.updateCredential(ada.id, changes as object))).toContain(names)
    expect(await mac.getCredential(ada.id)).toEqual(ada)
  })
})

test('no change brings a revoked credential back, and each throws for an unknown one', async () => {
  const { mac } = start()
  const { id } = await mac.createCredential('ada')
  await mac.revokeCredential(id)
  const changes = {
    extend: (of: string) => mac.extendCredential(of, null),
    disable: (of: string) => mac.disableCredential(of),
    enable: (of: string) => mac.enableCredential(of),
  }
  for (const change of Object.values(changes)) {
    expect(await codeOf(change(id))).toBe('ERR_MAC_CREDENTIAL_ENDED')
    expect(await codeOf(change('nobody'))).toBe('ERR_MAC_CREDENTIAL_UNKNOWN')
    expect(await codeOf(change([id] as unknown as string))).toContain('TypeError')
  }
})
