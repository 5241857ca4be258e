import { createMac } from '../../src/index.ts'
import { boundExt, streamOf, withBody } from '../support/bound.ts'
import { Clock } from '../support/clock.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, spyOn, test } from '../support/runner.ts'

const URL = 'http://example.com/a'
const clock = new Clock()
const mac = createMac({
  database: 'sqlite::memory:',
  now: clock.now,
  onReject: () => {},
})
const ada = await mac.createCredential('ada', { expires: null })
const app = async (request: Request) => new Response(await request.text())
const handler = mac.withMac(app, { body: 'required', maxBodyBytes: 100 })
const ts = clock.seconds

describe('maxBodyBytes', () => {
  test('accepts a body of exactly that size, and rejects one byte more', async () => {
    for (const [length, answer] of [
      [100, '200'],
      [101, '413 ERR_MAC_BODY_TOO_LARGE'],
    ] as const) {
      const body = 'x'.repeat(length)
      const one = withBody(ada, URL, body, { ts, ext: boundExt(body) })
      expect(await outcome(handler(one))).toBe(answer)
      const pieces = body.match(/.{1,30}/g) ?? []
      const streamed = withBody(ada, URL, streamOf(pieces), { ts, ext: boundExt(body) })
      expect(await outcome(handler(streamed))).toBe(answer)
    }
  })

  test('is one mebibyte by default', async () => {
    const wrapped = mac.withMac(app, { body: 'required' })
    const body = 'x'.repeat(1_048_576)
    const most = withBody(ada, URL, body, { ts, ext: boundExt(body) })
    expect(await outcome(wrapped(most))).toBe('200')
    const more = withBody(ada, URL, `${body}x`, { ts, ext: boundExt(`${body}x`) })
    expect(await outcome(wrapped(more))).toBe('413 ERR_MAC_BODY_TOO_LARGE')
  })

  test('may be 0, so that only an empty body is accepted', async () => {
    const wrapped = mac.withMac(app, { body: 'required', maxBodyBytes: 0 })
    const empty = withBody(ada, URL, null, { ts, ext: boundExt('') })
    expect(await outcome(wrapped(empty))).toBe('200')
    const one = withBody(ada, URL, 'x', { ts, ext: boundExt('x') })
    expect(await outcome(wrapped(one))).toBe('413 ERR_MAC_BODY_TOO_LARGE')
  })

  test('stops the reading of an endless stream soon after the limit', async () => {
    let pulls = 0
    const endless = function* () {
      for (;;) yield 'x'.repeat(10)
    }
    const body = streamOf(endless(), () => pulls++)
    const answer = await handler(withBody(ada, URL, body, { ts, ext: boundExt('') }))
    expect(await outcome(answer)).toBe('413 ERR_MAC_BODY_TOO_LARGE')
    expect(pulls).toBeGreaterThan(10)
    expect(pulls).toBeLessThan(15)
  })

  test('is compared with Content-Length before the body is read', async () => {
    let pulls = 0
    const body = streamOf(['x'], () => pulls++)
    const headers = { 'content-length': '101' }
    const answer = handler(withBody(ada, URL, body, { ts, ext: boundExt('x'), headers }))
    expect(await outcome(answer)).toBe('413 ERR_MAC_BODY_TOO_LARGE')
    expect(pulls).toBe(0)
  })

  test('is not checked if the MAC is wrong', async () => {
    let pulls = 0
    const body = streamOf(['x'], () => pulls++)
    const headers = { 'content-length': '101' }
    const wrong = { ts, ext: boundExt('x'), mac: 'AAAA', headers }
    expect(await outcome(handler(withBody(ada, URL, body, wrong)))).toBe('401 ERR_MAC_REJECTED')
    expect(pulls).toBe(0)
  })

  test('limits the bytes that arrive if Content-Length is smaller or not valid', async () => {
    const long = 'x'.repeat(101)
    for (const length of ['1', '', 'a', '-1']) {
      const headers = { 'content-length': length }
      const request = withBody(ada, URL, streamOf([long]), { ts, ext: boundExt(long), headers })
      expect(await outcome(handler(request))).toBe('413 ERR_MAC_BODY_TOO_LARGE')
    }
  })
})

test('a 413 is a problem document without a challenge', async () => {
  const long = 'x'.repeat(101)
  const answer = await handler(withBody(ada, URL, long, { ts, ext: boundExt(long) }))
  expect(answer.headers.get('www-authenticate')).toBeNull()
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(await answer.json()).toEqual({
    type: 'urn:problem-type:withmac:body-too-large',
    title: 'The body is too large.',
    status: 413,
    code: 'ERR_MAC_BODY_TOO_LARGE',
    reference: expect.stringMatching(/^[0-9a-f]{12}$/),
  })
})

test('if there is no hook, a rejected body prints nothing to the console', async () => {
  const quiet = createMac({ database: 'sqlite::memory:', body: 'required', maxBodyBytes: 2 })
  const eve = await quiet.createCredential('eve')
  const spy = spyOn(console, 'error').mockImplementation(() => {})
  const wrapped = quiet.withMac(app)
  const used = withBody(eve, URL, 'x', { ext: boundExt('x') })
  await used.text()
  for (const request of [used, withBody(eve, URL, 'abc', { ext: boundExt('abc') })]) {
    expect((await wrapped(request)).status).toBeLessThan(500)
  }
  expect(spy).not.toHaveBeenCalled()
  spy.mockRestore()
})
