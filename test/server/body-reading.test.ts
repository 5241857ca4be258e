import { createMac, type MacError } from '../../src/index.ts'
import { boundExt, streamOf, withBody } from '../support/bound.ts'
import { Clock } from '../support/clock.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'

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
const handler = mac.withMac(app, { body: 'required' })
const ts = clock.seconds

describe('a body that cannot be read is rejected, and its nonce stays unused', () => {
  const rejected = '400 ERR_MAC_BODY_UNREADABLE'

  test('if the stream breaks off', async () => {
    const broken = function* () {
      yield 'abc'
      throw new Error('the connection is gone')
    }
    const signing = { ts, ext: boundExt('abc'), nonce: 'breaks' }
    expect(await outcome(handler(withBody(ada, URL, streamOf(broken()), signing)))).toBe(rejected)
    expect(String(rejections.at(-1)?.cause)).toContain('the connection is gone')
    expect(await outcome(handler(withBody(ada, URL, 'abc', signing)))).toBe('200')
  })

  const before: readonly [string, (request: Request) => unknown][] = [
    ['was read', (request) => request.text()],
    ['is being read', (request) => void request.text()],
    ['is locked', (request) => request.body?.getReader()],
    ['was read in part', beginToRead],
    ['was cancelled', (request) => request.body?.cancel()],
  ]
  test.each(before)('if it %s', async (what, use) => {
    for (const stream of [false, true]) {
      const signing = { ts, ext: boundExt('abc'), nonce: `${what}, ${stream}` }
      const body = stream ? streamOf(['a', 'bc']) : 'abc'
      const request = withBody(ada, URL, body, signing)
      await use(request)
      expect(await outcome(handler(request))).toBe(rejected)
      expect(await outcome(handler(withBody(ada, URL, 'abc', signing)))).toBe('200')
    }
  })

  test('in the mode optional too, because the handler could not read it', async () => {
    const wrapped = mac.withMac(app, { body: 'optional', mode: 'optional' })
    const request = withBody(ada, URL, 'abc', { ts, ext: boundExt('abc') })
    await request.text()
    expect(await outcome(wrapped(request))).toBe(rejected)
  })
})

async function beginToRead(request: Request): Promise<void> {
  const reader = request.body?.getReader()
  await reader?.read()
  reader?.releaseLock()
}

describe('a request is rejected if, while its body arrives,', () => {
  test('its timestamp becomes too old', async () => {
    const body = streamOf(['abc'], () => {
      clock.seconds += 301
    })
    const request = withBody(ada, URL, body, { ts: clock.seconds, ext: boundExt('abc') })
    expect(await outcome(handler(request))).toBe('401 ERR_MAC_TIMESTAMP_STALE')
  })

  test('its timestamp becomes too old, for what is wrong with the body first', async () => {
    const late = (ext: string) => {
      const body = streamOf(['abc'], () => {
        clock.seconds += 301
      })
      return withBody(ada, URL, body, { ts: clock.seconds, ext })
    }
    const limited = mac.withMac(app, { body: 'required', maxBodyBytes: 2 })
    expect(await outcome(limited(late(boundExt('abc'))))).toBe('413 ERR_MAC_BODY_TOO_LARGE')
    expect(await outcome(handler(late(boundExt('abcd'))))).toBe('401 ERR_MAC_BODY_MISMATCH')
  })

  test('its credential is revoked', async () => {
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
