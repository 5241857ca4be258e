import { setImmediate } from 'node:timers/promises'
import { createMac, type WithMacOptions } from '../../src/index.ts'
import { boundExt, withBody } from '../support/bound.ts'
import { Clock } from '../support/clock.ts'
import { databaseContent } from '../support/database-content.ts'
import { temporaryFolder } from '../support/folder.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { type Key, type Signing, signed } from '../support/sign.ts'

const URL = 'http://example.com/a'

/** Starts a server with a clock, and reads the use of its credentials. */
function start(database = 'sqlite::memory:') {
  const clock = new Clock()
  const mac = createMac({ database, now: clock.now, onReject() {} })
  const send = (request: Request, options: WithMacOptions = {}) =>
    outcome(mac.withMac(() => new Response(), options)(request))
  return {
    ...{ clock, mac, send },
    sign: (key: Key, signing: Signing = {}) => signed(key, URL, { ts: clock.seconds, ...signing }),
    async used(id: string): Promise<number | null> {
      const used = (await mac.getCredential(id))?.lastUsed ?? null
      return used === null ? null : used.getTime() / 1000
    },
    failures: async (id: string) => (await mac.getCredential(id))?.failures,
  }
}

describe('lastUsed', () => {
  test('is the time of the last accepted request, exact to a minute', async () => {
    const { mac, clock, send, sign, used } = start()
    const ada = await mac.createCredential('ada')
    const begin = clock.seconds
    expect(await used(ada.id)).toBeNull()
    for (let later = 0; later < 300; later += 7) {
      clock.seconds = begin + later
      expect(await send(sign(ada))).toBe('200')
      expect(clock.seconds - ((await used(ada.id)) ?? 0)).toBeLessThan(60)
    }
    // The server's clock counts, not the client's.
    clock.seconds += 60
    expect(await send(sign(ada, { ts: clock.seconds - 100 }))).toBe('200')
    expect(await used(ada.id)).toBe(clock.seconds)
    expect((await mac.listCredentials())[0]?.lastUsed).toEqual(new Date(clock.seconds * 1000))
    await mac.close()
  })

  test('is not changed by rejected requests', async () => {
    const { mac, clock, send, sign, used } = start()
    const ada = await mac.createCredential('ada', { expires: clock.seconds + 200 })
    const begin = clock.seconds
    const once = { ts: begin + 200, nonce: 'n' }
    expect(await send(sign(ada, once))).toBe('200')
    clock.seconds += 100
    expect(await send(sign(ada, once))).toBe('401 ERR_MAC_REPLAY')
    expect(await send(sign(ada, { mac: 'AAAA' }))).toBe('401 ERR_MAC_REJECTED')
    expect(await send(sign(ada, { ts: begin - 201 }))).toBe('401 ERR_MAC_TIMESTAMP_STALE')
    expect(await send(sign(ada), { ext: () => false })).toBe('401 ERR_MAC_EXT')
    expect(await used(ada.id)).toBe(begin)
    await mac.disableCredential(ada.id)
    expect(await send(sign(ada))).toBe('401 ERR_MAC_REJECTED')
    expect(await used(ada.id)).toBe(begin)
    await mac.enableCredential(ada.id)
    clock.seconds += 100
    expect(await send(sign(ada))).toBe('401 ERR_MAC_EXPIRED')
    await mac.extendCredential(ada.id, null)
    await mac.revokeCredential(ada.id)
    expect(await send(sign(ada))).toBe('401 ERR_MAC_REJECTED')
    expect(await used(ada.id)).toBe(begin)
    await mac.close()
  })

  test('is known for each key while both are valid', async () => {
    const { mac, clock, send, sign, used } = start()
    const ada = await mac.createCredential('ada')
    const begin = clock.seconds
    expect(await send(sign(ada))).toBe('200')
    const renewed = await mac.rotateCredential(ada.id, { graceSeconds: 100 })
    clock.seconds += 10
    expect(await send(sign(renewed))).toBe('200')
    clock.seconds += 60
    expect(await send(sign(ada))).toBe('200')
    const { oldKey, lastUsed } = (await mac.getCredential(ada.id)) ?? {}
    expect(oldKey?.lastUsed).toEqual(new Date((begin + 70) * 1000))
    expect(lastUsed).toEqual(new Date((begin + 70) * 1000))
    expect(await send(sign(renewed))).toBe('200')
    clock.seconds += 30
    expect(await send(sign(ada))).toBe('401 ERR_MAC_REJECTED')
    expect(await used(ada.id)).toBe(begin + 70)
    await mac.close()
  })
})

test('the use of an old key is known within a minute, whichever process saw it', async () => {
  using folder = temporaryFolder()
  const database = `sqlite:${folder.path('mac.db')}`
  const servers = [start(database), start(database)] as const
  const ada = await servers[0].mac.createCredential('ada', { id: 'ada' })
  for (const { send, sign } of servers) expect(await send(sign(ada))).toBe('200')
  const begin = servers[0].clock.seconds
  for (const { clock } of servers) clock.seconds = begin + 5
  await servers[0].mac.rotateCredential('ada')
  const oldKeyUsed = async ({ mac } = servers[0]) => {
    const { oldKey } = (await mac.getCredential('ada')) ?? {}
    return (oldKey?.lastUsed?.getTime() ?? 0) / 1000 - begin
  }
  expect(await oldKeyUsed()).toBe(0)
  for (const [at, { clock, send, sign }] of servers.entries()) {
    // By the first request the process learns of the rotation. Its use is written with the second.
    for (const [after, known] of [[10], [11, 11], [15, 11]] as const) {
      clock.seconds = begin + after + at
      expect(await send(sign(ada))).toBe('200')
      if (known !== undefined) expect(await oldKeyUsed()).toBe(known + at)
    }
  }
  for (const { mac } of servers) await mac.close()
})

test('the use of an old key is known if the server stops after one request', async () => {
  using folder = temporaryFolder()
  const database = `sqlite:${folder.path('mac.db')}`
  const { mac, send, sign, clock } = start(database)
  const ada = await mac.createCredential('ada', { id: 'ada' })
  expect(await send(sign(ada))).toBe('200')
  clock.seconds += 5
  const { rotated } = await mac.rotateCredential('ada')
  clock.seconds += 5
  expect(await send(sign(ada))).toBe('200')
  await mac.close()
  const next = start(database)
  const { oldKey } = (await next.mac.getCredential('ada')) ?? {}
  expect(Number(oldKey?.lastUsed) - Number(rotated)).toBe(5000)
  await next.mac.close()
})

describe('the last use of a credential stays known if', () => {
  /** Makes a credential whose old key was used and whose current key was not. */
  async function rotated() {
    const started = start()
    const { mac, clock, send, sign } = started
    const ada = await mac.createCredential('ada', { id: 'ada', expires: null })
    await mac.rotateCredential('ada', { graceSeconds: 1000 })
    clock.seconds += 120
    expect(await send(sign(ada))).toBe('200')
    const lastUsed = new Date(clock.seconds * 1000)
    clock.seconds += 60
    return { ...started, lastUsed }
  }

  test('a rotation ends all its old keys, and if it is deleted', async () => {
    const { mac, lastUsed } = await rotated()
    expect(await mac.rotateCredential('ada', { graceSeconds: 0 })).toMatchObject({ lastUsed })
    expect(await mac.getCredential('ada')).toMatchObject({ lastUsed })
    const retired = (await mac.credentialHistory({ id: 'ada' })).flatMap(({ action, detail }) =>
      action === 'retired' ? [[detail.keyNumber, detail.lastUsed]] : [],
    )
    expect(retired).toEqual([
      [2, null],
      [1, lastUsed.getTime() / 1000],
    ])
    await mac.deleteCredential('ada')
    const [deleted] = await mac.credentialHistory({ id: 'ada' })
    expect(deleted?.detail.lastUsed).toBe(lastUsed.getTime() / 1000)
    await mac.close()
  })

  test('several rotations end the earlier grace', async () => {
    const { mac, lastUsed } = await rotated()
    for (let time = 0; time < 3; time++) {
      const after = await mac.rotateCredential('ada', { endEarlierGrace: true })
      expect(after).toMatchObject({ lastUsed, oldKey: { lastUsed: null } })
    }
    await mac.close()
  })

  test('several graces end, until a later key is used', async () => {
    const { mac, clock, send, sign, lastUsed } = await rotated()
    let key: Key | null = null
    for (let time = 0; time < 3; time++) {
      clock.seconds += 2000
      await mac.prune()
      expect(await mac.getCredential('ada')).toMatchObject({ lastUsed, oldKey: null })
      key = await mac.rotateCredential('ada', { graceSeconds: 1000 })
    }
    expect(await send(sign(key as Key))).toBe('200')
    expect(await mac.getCredential('ada')).toMatchObject({
      lastUsed: new Date(clock.seconds * 1000),
    })
    await mac.close()
  })
})

describe('a failure is counted', () => {
  const { mac, clock, send, sign, failures } = start()

  /** @returns By how many the failures of a credential grow with a request. */
  async function grow(id: string, request: Request, answer: string, options: WithMacOptions = {}) {
    const before = (await failures(id)) ?? 0
    expect(await send(request, options)).toBe(answer)
    return ((await failures(id)) ?? 0) - before
  }

  const rejected = '401 ERR_MAC_REJECTED'

  test('for each request that names a credential and gets a 401', async () => {
    const ada = await mac.createCredential('ada')
    const { id } = ada
    expect(await grow(id, sign(ada, { mac: 'AAAA' }), rejected)).toBe(1)
    const stale = sign(ada, { ts: clock.seconds - 301 })
    expect(await grow(id, stale, '401 ERR_MAC_TIMESTAMP_STALE')).toBe(1)
    const ahead = sign(ada, { ts: clock.seconds + 301 })
    expect(await grow(id, ahead, '401 ERR_MAC_TIMESTAMP_AHEAD')).toBe(1)
    expect(await grow(id, sign(ada, { nonce: 'n' }), '200')).toBe(0)
    expect(await grow(id, sign(ada, { nonce: 'n' }), '401 ERR_MAC_REPLAY')).toBe(1)
    expect(await grow(id, sign(ada), '401 ERR_MAC_EXT', { ext: () => false })).toBe(1)
    const body = withBody(ada, URL, 'x', { ts: clock.seconds, ext: boundExt('y') })
    const required = { body: 'required' } as const
    expect(await grow(id, body, '401 ERR_MAC_BODY_MISMATCH', required)).toBe(1)
    const unbound = withBody(ada, URL, 'x', { ts: clock.seconds })
    expect(await grow(id, unbound, '401 ERR_MAC_BODY_MISSING', required)).toBe(1)
    expect(await grow(id, sign(ada, { mac: 'AAAA' }), '200', { mode: 'optional' })).toBe(1)
    expect((await mac.verify(sign(ada, { mac: 'AAAA' }))).ok).toBe(false)
    expect(await failures(id)).toBe(9)
  })

  test('for a request with an ended credential or key', async () => {
    const ada = await mac.createCredential('ada', { expires: clock.seconds + 5 })
    const eve = await mac.createCredential('eve')
    const bob = await mac.createCredential('bob')
    const { id } = eve
    await mac.disableCredential(id)
    expect(await grow(id, sign(eve), rejected)).toBe(1)
    await mac.enableCredential(id)
    await mac.rotateCredential(id, { graceSeconds: 5 })
    expect(await grow(id, sign(eve), '200')).toBe(0)
    await mac.revokeCredential(bob.id)
    expect(await grow(bob.id, sign(bob), rejected)).toBe(1)
    clock.seconds += 5
    expect(await grow(id, sign(eve), rejected)).toBe(1)
    expect(await grow(ada.id, sign(ada), '401 ERR_MAC_EXPIRED')).toBe(1)
  })

  test('for no credential if the identifier is unknown or was not looked up', async () => {
    const ada = await mac.createCredential('ada')
    const unknown = { id: 'nobody', key: 'key' }
    expect(await grow(ada.id, sign(unknown), rejected)).toBe(0)
    expect(await grow(ada.id, new Request(URL), '401 ERR_MAC_MISSING')).toBe(0)
    const headers = { authorization: `MAC id="${ada.id}"` }
    const broken = new Request(URL, { headers })
    expect(await grow(ada.id, broken, '401 ERR_MAC_PARAMETER_MISSING')).toBe(0)
    const elsewhere = { origin: 'http://other.example' }
    expect(await grow(ada.id, sign(ada), rejected, elsewhere)).toBe(1)
    await mac.createCredential('nobody', { id: unknown.id })
    expect(await failures(unknown.id)).toBe(0)
  })

  test('for no credential if the server failed or the body is too large', async () => {
    const ada = await mac.createCredential('ada')
    const failing = () => {
      throw new Error('no')
    }
    expect(await grow(ada.id, sign(ada), '503 ERR_MAC_CALLBACK', { ext: failing })).toBe(0)
    const body = 'x'.repeat(11)
    const large = withBody(ada, URL, body, { ts: clock.seconds, ext: boundExt(body) })
    const options = { body: 'required', maxBodyBytes: 10 } as const
    expect(await grow(ada.id, large, '413 ERR_MAC_BODY_TOO_LARGE', options)).toBe(0)
  })
})

test('rejected requests write nothing until a request is accepted', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const { mac, clock, send, sign, failures } = start(`sqlite:${path}`)
  const ada = await mac.createCredential('ada')
  const eve = await mac.createCredential('eve')
  const before = databaseContent(path)
  for (let time = 0; time < 50; time++) {
    clock.seconds += 30
    for (const key of [ada, eve, { id: 'nobody', key: 'key' }]) {
      expect(await send(sign(key, { mac: 'AAAA' }))).toBe('401 ERR_MAC_REJECTED')
    }
    expect(await send(sign(ada, { ts: clock.seconds - 301 }))).toBe('401 ERR_MAC_TIMESTAMP_STALE')
    await setImmediate()
  }
  expect(databaseContent(path)).toEqual(before)
  expect(await send(sign(eve))).toBe('200')
  const rows = databaseContent(path).rows.mac_failures ?? []
  const of = ({ id }: Key) =>
    rows.flatMap(([name, , count]) => (name === id ? [Number(count)] : []))
  for (const key of [ada, eve]) {
    expect(of(key).reduce((sum, each) => sum + each)).toBe((await failures(key.id)) ?? -1)
  }
  expect(await failures(ada.id)).toBe(100)
  expect(await failures(eve.id)).toBe(50)
  expect(new Set(rows.map(([name]) => name))).toEqual(new Set([ada.id, eve.id]))
  await mac.close()
})
