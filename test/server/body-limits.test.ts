import { createMac, type MacError } from '../../src/index.ts'
import { boundExt, streamOf, withBody } from '../support/bound.ts'
import { Clock } from '../support/clock.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, spyOn, test } from '../support/runner.ts'

const URL = 'http://example.com/a'
const clock = new Clock()
const rejections: MacError[] = []
const mac = createMac({
  database: 'sqlite::memory:',
  now: clock.now,
  onReject: (error) => rejections.push(error),
})
const ada = await mac.createCredential('ada', { expires: null })
const app = async (request: Request) => new Response(await request.text())
const handler = mac.withMac(app, { body: 'required', maxBodyBytes: 100 })
const ts = clock.seconds

describe('maxBodyBytes', () => {
  test('are as many as a body may have', async () => {
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

  test('are one mebibyte by default', async () => {
    const wrapped = mac.withMac(app, { body: 'required' })
    const body = 'x'.repeat(1_048_576)
    const most = withBody(ada, URL, body, { ts, ext: boundExt(body) })
    expect(await outcome(wrapped(most))).toBe('200')
    const more = withBody(ada, URL, `${body}x`, { ts, ext: boundExt(`${body}x`) })
    expect(await outcome(wrapped(more))).toBe('413 ERR_MAC_BODY_TOO_LARGE')
  })

  test('may be none', async () => {
    const wrapped = mac.withMac(app, { body: 'required', maxBodyBytes: 0 })
    const empty = withBody(ada, URL, null, { ts, ext: boundExt('') })
    expect(await outcome(wrapped(empty))).toBe('200')
    const one = withBody(ada, URL, 'x', { ts, ext: boundExt('x') })
    expect(await outcome(wrapped(one))).toBe('413 ERR_MAC_BODY_TOO_LARGE')
  })

  test('of a stream without an end, little more than as many are read', async () => {
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

  test('are held against Content-Length before anything is read', async () => {
    let pulls = 0
    const body = streamOf(['x'], () => pulls++)
    const headers = { 'content-length': '101' }
    const answer = handler(withBody(ada, URL, body, { ts, ext: boundExt('x'), headers }))
    expect(await outcome(answer)).toBe('413 ERR_MAC_BODY_TOO_LARGE')
    expect(pulls).toBe(0)
  })

  test('are not asked of who has no right MAC', async () => {
    let pulls = 0
    const body = streamOf(['x'], () => pulls++)
    const headers = { 'content-length': '101' }
    const wrong = { ts, ext: boundExt('x'), mac: 'AAAA', headers }
    expect(await outcome(handler(withBody(ada, URL, body, wrong)))).toBe('401 ERR_MAC_REJECTED')
    expect(pulls).toBe(0)
  })

  test('count what is there, where Content-Length says less', async () => {
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
    reference: expect.stringMatching(/^[0-9a-z]{10}$/),
  })
})

describe('a body that cannot be read is refused, and uses up no nonce', () => {
  const refused = '400 ERR_MAC_BODY_UNREADABLE'

  test('where the stream breaks off', async () => {
    const broken = function* () {
      yield 'abc'
      throw new Error('the connection is gone')
    }
    const signing = { ts, ext: boundExt('abc'), nonce: 'breaks' }
    expect(await outcome(handler(withBody(ada, URL, streamOf(broken()), signing)))).toBe(refused)
    expect(String(rejections.at(-1)?.cause)).toContain('the connection is gone')
    expect(await outcome(handler(withBody(ada, URL, 'abc', signing)))).toBe('200')
  })

  const before: readonly [string, (request: Request) => unknown][] = [
    ['was read', (request) => request.text()],
    ['is being read', (request) => void request.text()],
    ['is locked', (request) => request.body?.getReader()],
    ['was begun', beginToRead],
    ['was cancelled', (request) => request.body?.cancel()],
  ]
  test.each(before)('where it %s', async (what, use) => {
    for (const stream of [false, true]) {
      const signing = { ts, ext: boundExt('abc'), nonce: `${what}, ${stream}` }
      const body = stream ? streamOf(['a', 'bc']) : 'abc'
      const request = withBody(ada, URL, body, signing)
      await use(request)
      expect(await outcome(handler(request))).toBe(refused)
      expect(await outcome(handler(withBody(ada, URL, 'abc', signing)))).toBe('200')
    }
  })

  test('in the mode optional too: there is nothing to hand on', async () => {
    const wrapped = mac.withMac(app, { body: 'optional', mode: 'optional' })
    const request = withBody(ada, URL, 'abc', { ts, ext: boundExt('abc') })
    await request.text()
    expect(await outcome(wrapped(request))).toBe(refused)
  })
})

async function beginToRead(request: Request): Promise<void> {
  const reader = request.body?.getReader()
  await reader?.read()
  reader?.releaseLock()
}

describe('while a body is on its way', () => {
  test('its timestamp may grow too old', async () => {
    const body = streamOf(['abc'], () => {
      clock.seconds += 301
    })
    const request = withBody(ada, URL, body, { ts: clock.seconds, ext: boundExt('abc') })
    expect(await outcome(handler(request))).toBe('401 ERR_MAC_TIMESTAMP_STALE')
  })

  test('its credential may be revoked', async () => {
    const eve = await mac.createCredential('eve', { expires: null })
    const known = withBody(eve, URL, 'a', { ts: clock.seconds, ext: boundExt('a') })
    expect(await outcome(handler(known))).toBe('200')
    const [right, wrong] = [boundExt('abc'), boundExt('abcd')]
    const all = [right, wrong].map((ext) => {
      const body = streamOf(['abc'], () => mac.revokeCredential(eve.id))
      return outcome(handler(withBody(eve, URL, body, { ts: clock.seconds, ext })))
    })
    expect(await Promise.all(all)).toEqual(['401 ERR_MAC_REJECTED', '401 ERR_MAC_REJECTED'])
  })
})

test('without a hook, what is wrong with a body is not shown to the operator', async () => {
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
