import { createMac, getMac, type WithMacOptions } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { nonceRows } from '../support/nonce-rows.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { type Signing, signed } from '../support/sign.ts'

const URL = 'http://example.com/a'
const mac = createMac({ database: 'sqlite::memory:' })
const ada = await mac.createCredential('ada')
const sign = (signing: Signing) => signed(ada, URL, signing)
const say = (request: Request) => new Response(JSON.stringify(getMac(request)?.ext))

test('ext is in the identity, or null if there is none', async () => {
  const app = mac.withMac(say)
  expect(await (await app(sign({ ext: 'a,b' }))).json()).toBe('a,b')
  expect(await (await app(sign({}))).json()).toBeNull()
})

test('an empty ext counts as none', async () => {
  const header = sign({}).headers.get('authorization') ?? ''
  const headers = { authorization: `${header}, ext=""` }
  expect(await (await mac.withMac(say)(new Request(URL, { headers }))).json()).toBeNull()
})

test('without an ext function every ext is accepted', async () => {
  expect(await outcome(mac.withMac(say)(sign({ ext: 'anything' })))).toBe('200')
})

describe('the ext function', () => {
  test('is called with ext, the request and the verified target', async () => {
    const seen: unknown[] = []
    const app = mac.withMac(say, { ext: (...given) => seen.push(given) > 0 })
    const [one, two] = [sign({ ext: 'a' }), sign({})]
    await app(one)
    await app(two)
    expect(seen).toEqual([
      ['a', one, { method: 'GET', path: '/a' }],
      [null, two, { method: 'GET', path: '/a' }],
    ])
  })

  test('decides by its result or by its promise', async () => {
    const functions = [
      (ext: string | null) => ext === 'good',
      async (ext: string | null) => ext === 'good',
    ]
    for (const ext of functions) {
      const app = mac.withMac(say, { ext })
      expect(await outcome(app(sign({ ext: 'good' })))).toBe('200')
      expect(await outcome(app(sign({ ext: 'bad' })))).toBe('401 ERR_MAC_EXT')
      expect(await outcome(app(sign({})))).toBe('401 ERR_MAC_EXT')
    }
  })

  test('accepts only with true', async () => {
    for (const said of [undefined, null, 0, 1, 'true', {}]) {
      const app = mac.withMac(say, { ext: () => said as never })
      expect(await outcome(app(sign({})))).toBe('401 ERR_MAC_EXT')
    }
  })

  test('is not called if the MAC or the timestamp is wrong', async () => {
    let asked = 0
    const app = mac.withMac(say, { ext: () => ++asked > 0 })
    expect(await outcome(app(sign({ ext: 'a', mac: 'AAAA' })))).toBe('401 ERR_MAC_REJECTED')
    expect(await outcome(app(sign({ ext: 'a', ts: 1 })))).toBe('401 ERR_MAC_TIMESTAMP_STALE')
    expect(asked).toBe(0)
  })

  test('of a handler replaces the one of createMac', async () => {
    const judging = createMac({ database: 'sqlite::memory:', ext: () => false })
    const eve = await judging.createCredential('eve')
    expect(await outcome(judging.withMac(say)(signed(eve, URL)))).toBe('401 ERR_MAC_EXT')
    const own = judging.withMac(say, { ext: () => true })
    expect(await outcome(own(signed(eve, URL)))).toBe('200')
  })
})

const failures: readonly [string, WithMacOptions['ext'], string][] = [
  ['says false', () => false, '401 ERR_MAC_EXT'],
  ['throws', () => JSON.parse('{'), '503 ERR_MAC_CALLBACK'],
  ['rejects', () => Promise.reject(new Error('no')), '503 ERR_MAC_CALLBACK'],
]

test.each(failures)('if the ext function %s, the nonce is not recorded', async (_, ext, answer) => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const onFile = createMac({ database: `sqlite:${path}` })
  const eve = await onFile.createCredential('eve')
  const request = signed(eve, URL, { ext: 'a' })
  const [same, again] = [new Request(request), new Request(request)]
  const app = onFile.withMac(say, { ext, onReject: () => {} })
  expect(await outcome(app(request))).toBe(answer)
  expect(await nonceRows(path)).toBe(0)
  expect(await outcome(onFile.withMac(say)(same))).toBe('200')
  expect(await nonceRows(path)).toBe(1)
  expect(await outcome(onFile.withMac(say)(again))).toBe('401 ERR_MAC_REPLAY')
  await onFile.close()
})
