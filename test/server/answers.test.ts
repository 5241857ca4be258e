import { createMac } from '../../src/index.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization, signed } from '../support/sign.ts'

const URL = 'http://example.com/a'
const REFERENCE = /^[0-9a-f]{12}$/
const mac = createMac({ database: 'sqlite::memory:', onReject: () => {} })
const ada = await mac.createCredential('ada')
const app = mac.withMac(() => new Response())

function sending(value: string): Promise<Response> {
  return app(new Request(URL, { headers: { authorization: value } }))
}

describe('a 401', () => {
  test('is a problem document that must not be stored', async () => {
    const answer = await app(signed(ada, URL, { mac: 'AAAA' }))
    expect(answer.status).toBe(401)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.json()).toEqual({
      type: 'urn:problem-type:withmac:rejected',
      title: 'The key identifier is unknown or the MAC is wrong.',
      status: 401,
      code: 'ERR_MAC_REJECTED',
      reference: expect.stringMatching(REFERENCE),
    })
  })

  test('carries a challenge that says why the request was rejected', async () => {
    const request = signed(ada, URL)
    const copy = new Request(request)
    await app(request)
    const answer = await app(copy)
    expect(answer.headers.get('www-authenticate')).toBe('MAC error="The nonce was used before."')
  })

  test('says in its challenge what is wrong with the header', async () => {
    const header = authorization(ada, URL).replace(/ts="\d+"/, 'ts="01"')
    const answer = await sending(header)
    expect(answer.headers.get('www-authenticate')).toMatch(/^MAC error=".*leading zero\."$/)
  })

  test.each([
    [null],
    [''],
    ['Basic eA=='],
    ['Bearer abc'],
    ['MACARON id="a"'],
    ['Digest username="a"'],
  ])('has a bare challenge if the request carries no MAC credentials: %p', async (value) => {
    const answer = await (value === null ? app(new Request(URL)) : sending(value))
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('MAC')
    expect(await answer.json()).toMatchObject({ code: 'ERR_MAC_MISSING', status: 401 })
  })

  test('never contains the key, the expected MAC or the normalized request string', async () => {
    const nonce = 'a-nonce-of-mine'
    const good = authorization(ada, URL, { nonce })
    const expected = /mac="([^"]*)"/.exec(good)?.[1] ?? ''
    const answer = await sending(good.replace(expected, 'AAAA'))
    const all = `${JSON.stringify([...answer.headers])}${await answer.text()}`
    for (const secret of [ada.key, expected, nonce, 'example.com', '\\n']) {
      expect(all).not.toContain(secret)
    }
  })
})

describe('a 503', () => {
  const broken = createMac({
    database: 'sqlite::memory:',
    now: () => Number.NaN,
    onReject: () => {},
  })

  test('is a problem document without a challenge and without a reason', async () => {
    const wrapped = mac.withMac(() => new Response(), {
      ext: () => {
        throw new Error('the reason')
      },
    })
    const answer = await wrapped(signed(ada, URL))
    expect(answer.status).toBe(503)
    expect(answer.headers.has('www-authenticate')).toBe(false)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(await answer.json()).toEqual({
      type: 'urn:problem-type:withmac:callback',
      title: 'Credentials cannot be checked at the moment.',
      status: 503,
      code: 'ERR_MAC_CALLBACK',
      reference: expect.stringMatching(REFERENCE),
    })
  })

  test('is the status of the error if the option now returns NaN', async () => {
    await expect(broken.createCredential('ada')).rejects.toMatchObject({ code: 'ERR_MAC_CALLBACK' })
  })

  test('is the answer of a Mac that was closed', async () => {
    const closed = createMac({ database: 'sqlite::memory:', onReject: () => {} })
    await closed.close()
    const answer = await closed.withMac(() => new Response())(signed(ada, URL))
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ code: 'ERR_MAC_CLOSED' })
  })
})
