import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { createMac, getMac, type WithMacOptions } from '../../src/index.ts'
import { plain } from '../protocol/arbitraries.ts'
import { boundExt, streamOf, withBody } from '../support/bound.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { tellingApp } from '../support/telling-app.ts'

const URL = 'http://example.com/a'
const mac = createMac({ database: 'sqlite::memory:', onReject: () => {} })
const ada = await mac.createCredential('ada')

const required = mac.withMac(tellingApp, { body: 'required' })
const optional = mac.withMac(tellingApp, { body: 'optional' })
const handlers = { required, optional }

describe.each(Object.entries(handlers))('with body: %s', (_, handler) => {
  test('a bound body is verified, and the handler can still read it', async () => {
    const answer = await handler(withBody(ada, URL, 'hello', { ext: boundExt('hello') }))
    expect(await answer.json()).toEqual({
      body: 'hello',
      ext: null,
      bodyVerified: true,
      why: null,
    })
  })

  test('any bytes in any chunks are verified, next to the application’s own ext', async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 8 })
    const verified = fc.asyncProperty(pieces, fc.option(plain(40, 1)), async (given, own) => {
      const whole = Buffer.concat(given)
      const body = streamOf(given.filter(({ length }) => length > 0))
      let read: ArrayBuffer | null = null
      const wrapped = mac.withMac(
        async (request) => {
          read = await request.arrayBuffer()
          return Response.json(getMac(request))
        },
        { body: 'required' },
      )
      const answer = await wrapped(withBody(ada, URL, body, { ext: boundExt(whole, own ?? '') }))
      expect(await answer.json()).toMatchObject({ ext: own, bodyVerified: true })
      expect(Buffer.from(read ?? new ArrayBuffer()).equals(whole)).toBe(true)
    })
    await fc.assert(verified, { numRuns: 50 })
  })

  test('another body is rejected, and the nonce stays usable for the right body', async () => {
    // The timestamp is fixed: signed in another second, the same nonce is new.
    const ts = Math.floor(Date.now() / 1000)
    const signing = { ext: boundExt('pay 1'), nonce: randomUUID(), ts }
    for (const fake of ['pay 2', 'pay 1 ', 'pay ', '', null]) {
      const answer = handler(withBody(ada, URL, fake, signing))
      expect(await outcome(answer)).toBe('401 ERR_MAC_BODY_MISMATCH')
    }
    expect(await outcome(handler(withBody(ada, URL, 'pay 1', signing)))).toBe('200')
    const again = handler(withBody(ada, URL, 'pay 1', signing))
    expect(await outcome(again)).toBe('401 ERR_MAC_REPLAY')
  })

  test('a request without a body has the digest of the empty string', async () => {
    for (const method of ['GET', 'HEAD', 'DELETE', 'POST']) {
      const good = handler(withBody(ada, URL, null, { method, ext: boundExt('') }))
      expect(await outcome(good)).toBe('200')
      const bad = handler(withBody(ada, URL, null, { method, ext: boundExt('x') }))
      expect(await outcome(bad)).toBe('401 ERR_MAC_BODY_MISMATCH')
    }
  })

  test('sha-512 is supported too, and each supported digest must be right', async () => {
    const send = (ext: string) => outcome(handler(withBody(ada, URL, 'x', { ext })))
    const [good, long] = [boundExt('x'), boundExt('x', '', 'sha512')]
    const [bad, badLong] = [boundExt('y'), boundExt('y', '', 'sha512')]
    expect(await send(long)).toBe('200')
    expect(await send(`${good}, ${long}`)).toBe('200')
    expect(await send(`md5=:AAAA:, ${good}, crc32c=:AAAA:`)).toBe('200')
    for (const wrong of [badLong, `${good}, ${badLong}`, `${bad}, ${long}`]) {
      expect(await send(wrong)).toBe('401 ERR_MAC_BODY_MISMATCH')
    }
  })

  test('a malformed digest is rejected, and the challenge says what is wrong with it', async () => {
    const answer = await handler(withBody(ada, URL, 'x', { ext: 'sha-256=:AAAA:' }))
    expect(answer.headers.get('www-authenticate')).toContain('not the base64 of a digest')
    expect(await outcome(answer)).toBe('401 ERR_MAC_BODY_SYNTAX')
  })

  test('the handler is called with the same Request object', async () => {
    let seen: Request | null = null
    const wrapped = mac.withMac(
      (request) => {
        seen = request
        return new Response()
      },
      { body: 'required' },
    )
    const request = withBody(ada, URL, 'x', { ext: boundExt('x') })
    await wrapped(request)
    expect(seen === request).toBe(true)
    expect(request.bodyUsed).toBe(false)
  })
})

describe('if ext contains no supported digest,', () => {
  const without = ['', 'a,b', 'md5=:AAAA:', `x ${boundExt('x')}`]

  test.each(without)('%p is rejected with body: required', async (ext) => {
    const answer = required(withBody(ada, URL, 'x', { ext }))
    expect(await outcome(answer)).toBe('401 ERR_MAC_BODY_MISSING')
  })

  test.each(without)('%p is passed to the application with body: optional', async (ext) => {
    const answer = await optional(withBody(ada, URL, 'x', { ext }))
    const whole = ext === '' ? null : ext
    expect(await answer.json()).toEqual({ body: 'x', ext: whole, bodyVerified: false, why: null })
  })
})

test('by default a digest in ext is left to the application, and no body is read', async () => {
  let pulls = 0
  const request = withBody(
    ada,
    URL,
    streamOf(['other'], () => pulls++),
    { ext: boundExt('x', 'a') },
  )
  const handler = (given: Request) => Response.json(getMac(given))
  const answer = await mac.withMac(handler)(request)
  expect(await answer.json()).toMatchObject({ ext: boundExt('x', 'a'), bodyVerified: false })
  expect(pulls).toBe(0)
})

describe('the ext function', () => {
  test('is called with the application’s own part of ext', async () => {
    const seen: unknown[] = []
    const judging: WithMacOptions = { body: 'required', ext: (ext) => seen.push(ext) > 0 }
    const handler = mac.withMac(tellingApp, judging)
    expect(await outcome(handler(withBody(ada, URL, 'x', { ext: boundExt('x', 'a,b') })))).toBe(
      '200',
    )
    expect(await outcome(handler(withBody(ada, URL, 'x', { ext: boundExt('x') })))).toBe('200')
    expect(seen).toEqual(['a,b', null])
  })

  test('is not called if the body is not the one that was signed', async () => {
    let asked = 0
    const handler = mac.withMac(tellingApp, { body: 'required', ext: () => ++asked > 0 })
    await handler(withBody(ada, URL, 'x', { ext: boundExt('y', 'a') }))
    expect(asked).toBe(0)
  })
})
