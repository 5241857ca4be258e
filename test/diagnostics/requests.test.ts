import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createMac, MAC_CHANNELS, type MacErrorCode, type MacIdentity } from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { hearing } from '../support/hearing.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, spyOn, test } from '../support/runner.ts'
import { authorization, type Signing, signed } from '../support/sign.ts'

const URL = 'http://example.com/a?secret=1'
const { seconds: ts, now } = new Clock()
const mac = createMac({ database: 'sqlite::memory:', now })
const ada = await mac.createCredential('ada', { expires: null })
const off = await mac.createCredential('eve')
await mac.revokeCredential(off.id)
const app = mac.withMac(() => new Response())

/** The two ways to verify a request. Both return whether it was accepted. */
const ways: readonly [string, (request: Request) => Promise<boolean>][] = [
  ['withMac', async (request) => (await app(request)).ok],
  ['mac.verify', async (request) => (await mac.verify(request)).ok],
]

describe.each(ways)('with %s,', (_, passes) => {
  test('an accepted request is published once, with its identity, and so is its batch', async () => {
    using heard = hearing()
    expect(await passes(signed(ada, URL, { ts, nonce: `first by ${_}` }))).toBe(true)
    const [message] = heard.accepted
    expect(message).toEqual({
      database: 'sqlite::memory:',
      identity: expect.objectContaining({ user: 'ada', id: ada.id, keyNumber: 1 }),
      milliseconds: expect.any(Number),
    })
    expect(message?.milliseconds).toBeGreaterThan(0)
    expect(heard.accepted).toHaveLength(1)
    expect(heard.batch).toHaveLength(1)
    expect(heard.rejected).toEqual([])
  })

  const rejections: readonly [string, Request, MacErrorCode, string | null][] = [
    ['no credentials', new Request(URL), 'ERR_MAC_MISSING', null],
    ['a wrong MAC', signed(ada, URL, { ts, mac: 'AAAA' }), 'ERR_MAC_MISMATCH', null],
    ['an unknown identifier', signed({ ...ada, id: 'x' }, URL), 'ERR_MAC_UNKNOWN_IDENTIFIER', null],
    ['a revoked credential', signed(off, URL, { ts }), 'ERR_MAC_REVOKED', null],
    ['an old timestamp', signed(ada, URL, { ts: ts - 400 }), 'ERR_MAC_TIMESTAMP_STALE', ada.id],
  ]

  test.each(rejections)(
    'a request with %s is published once, as rejected',
    async (_, request, code, id) => {
      using heard = hearing()
      expect(await passes(request)).toBe(false)
      const milliseconds = expect.any(Number)
      expect(heard.rejected).toEqual([
        { database: 'sqlite::memory:', code, status: 401, id, milliseconds },
      ])
      expect(heard.accepted).toEqual([])
    },
  )

  test('a replay is published as rejected, with the identifier of its credential', async () => {
    const copied: Signing = { ts, nonce: `copied by ${_}` }
    await passes(signed(ada, URL, copied))
    using heard = hearing()
    await passes(signed(ada, URL, copied))
    expect(heard.rejected).toMatchObject([{ code: 'ERR_MAC_REPLAY', id: ada.id }])
    // The nonce was in memory, so nothing was written.
    expect(heard.batch).toEqual([])
  })
})

test('in the mode optional, only bad credentials are published as rejected, and no anonymous request', async () => {
  using heard = hearing()
  const optional = mac.withMac(() => new Response(), { mode: 'optional', allowPreflight: true })
  const asked = { 'access-control-request-method': 'PUT' }
  await optional(new Request(URL))
  await optional(new Request(URL, { method: 'OPTIONS', headers: asked }))
  expect([heard.accepted, heard.rejected]).toEqual([[], []])
  expect(await outcome(optional(signed(ada, URL, { ts, mac: 'AAAA' })))).toBe('200')
  expect(heard.rejected.map(({ code }) => code)).toEqual(['ERR_MAC_MISMATCH'])
})

test('a failure of the store is published with the status of the response', async () => {
  using heard = hearing()
  const broken = createMac({ database: 'sqlite:/dev/null/mac.db', onReject: () => {} })
  const answer = await broken.withMac(() => new Response())(signed(ada, URL))
  expect(heard.rejected).toMatchObject([
    { database: 'sqlite:/dev/null/mac.db', code: 'ERR_MAC_STORE', status: answer.status, id: null },
  ])
})

test('no message contains a key, a MAC or a normalized request string', async () => {
  using heard = hearing()
  const header = authorization(ada, URL, { ts })
  const [, sent = 'no MAC'] = /mac="(.*?)"/.exec(header) ?? []
  for (const _ of 'twice') await app(new Request(URL, { headers: { authorization: header } }))
  await mac.verify(signed(ada, URL, { ts, mac: sent }))
  await mac.rotateCredential(ada.id, { endEarlierGrace: true })
  const all = JSON.stringify(heard)
  for (const part of ['accepted', 'ERR_MAC_REPLAY', 'ERR_MAC_MISMATCH', 'graceEnds']) {
    expect(all).toContain(part)
  }
  for (const secret of [ada.key, sent, 'secret=1']) expect(all).not.toContain(secret)
})

test('a listener runs in the asynchronous context of its request', async () => {
  const context = new AsyncLocalStorage<string>()
  const found: unknown[] = []
  const look = () => void found.push(context.getStore())
  MAC_CHANNELS.rejected.subscribe(look)
  try {
    const paths = ['/1', '/2']
    await Promise.all(
      paths.map((path) => context.run(path, () => app(new Request(`http://example.com${path}`)))),
    )
    expect(found.sort()).toEqual(paths)
  } finally {
    MAC_CHANNELS.rejected.unsubscribe(look)
  }
})

test('the time is measured only if there is a listener', async () => {
  // Caches the credential: a look-up would read the same clock, to bound its wait for a lock.
  await app(signed(ada, URL, { ts }))
  const read = spyOn(performance, 'now')
  const ask = async () => {
    await app(signed(ada, URL, { ts }))
    await mac.verify(new Request(URL))
    return read.mock.calls.length
  }
  try {
    // The store times the commit of a batch, to choose how its log is synced.
    expect(await ask()).toBe(1)
    using _ = hearing()
    expect(await ask()).toBeGreaterThan(4)
  } finally {
    read.mockRestore()
  }
})

test('a listener that subscribed by name still gets messages after a garbage collection, until it unsubscribes', async () => {
  const users: string[] = []
  const keep = (message: unknown) =>
    void users.push((message as { identity: MacIdentity }).identity.user)
  subscribe('withmac:accepted', keep)
  for (let round = 0; round < 5; round++) {
    if (typeof Bun !== 'undefined') Bun.gc(true)
    await new Promise((resolve) => setTimeout(resolve))
  }
  const current = await mac.rotateCredential(ada.id, { graceSeconds: 0 })
  await app(signed(current, URL, { ts }))
  expect(users).toEqual(['ada'])
  unsubscribe('withmac:accepted', keep)
  await app(signed(current, URL, { ts }))
  expect(users).toEqual(['ada'])
})
