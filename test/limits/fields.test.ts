import { rateLimitFields, secondsUntil, withRateLimit } from '../../src/limits/fields.ts'
import { describe, expect, test } from '../support/runner.ts'
import { systemTime } from '../support/system-time.ts'

const FIELDS = {
  'RateLimit-Policy': '"requests";q=100;w=60',
  RateLimit: '"requests";r=99;t=60',
}

function fieldsOf({ headers }: Response) {
  return [headers.get('ratelimit-policy'), headers.get('ratelimit')]
}

const BOTH = Object.values(FIELDS)

test('the fields are structured ones, with whole seconds', () => {
  using _time = systemTime()
  const limit = { requests: 100, seconds: 60 }
  const count = { used: 1, resetAt: Date.now() + 59_500 }
  expect(rateLimitFields('requests', limit, count)).toEqual(FIELDS)
  const more = { used: 101, resetAt: Date.now() - 5 }
  expect(rateLimitFields('failures', limit, more).RateLimit).toBe('"failures";r=0;t=0')
  expect(secondsUntil(Date.now() + 1)).toBe(1)
})

describe('they are added to', () => {
  test('an ordinary answer, which is given back itself', () => {
    const answer = new Response('body')
    expect(withRateLimit(answer, FIELDS)).toBe(answer)
    expect(fieldsOf(answer)).toEqual(BOTH)
  })

  test('an answer whose header fields cannot be changed', () => {
    const answer = withRateLimit(Response.redirect('http://example.com/b', 303), FIELDS)
    expect(fieldsOf(answer)).toEqual(BOTH)
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe('http://example.com/b')
  })

  test('an answer that was fetched, with its body unread', async () => {
    const fetched = await fetch('data:text/plain,hello')
    const answer = withRateLimit(fetched, FIELDS)
    expect(fieldsOf(answer)).toEqual(BOTH)
    expect(answer.bodyUsed).toBe(false)
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(await answer.text()).toBe('hello')
  })

  test('an answer whose body is still to come', async () => {
    let pulled = 0
    const body = new ReadableStream(
      {
        pull(controller) {
          pulled++
          controller.enqueue(new TextEncoder().encode('late'))
          controller.close()
        },
      },
      { highWaterMark: 0 },
    )
    const answer = withRateLimit(new Response(body), FIELDS)
    expect(pulled).toBe(0)
    expect(await answer.text()).toBe('late')
  })

  test('an answer with a policy of its own, beside that', () => {
    const own = { 'RateLimit-Policy': '"a, b";q=1', RateLimit: '"a, b";r=1' }
    const answer = withRateLimit(new Response(null, { headers: own }), FIELDS)
    expect(fieldsOf(answer)).toEqual([`"a, b";q=1, ${BOTH[0]}`, `"a, b";r=1, ${BOTH[1]}`])
  })

  test('an answer that is given twice, once', () => {
    const answer = new Response()
    withRateLimit(answer, { ...FIELDS, RateLimit: '"requests";r=100;t=60' })
    withRateLimit(answer, FIELDS)
    expect(fieldsOf(answer)).toEqual(BOTH)
  })
})

describe('nothing is done to', () => {
  test('what is no answer, which Bun wants back after an upgrade', () => {
    for (const nothing of [undefined, null, {}]) {
      expect(withRateLimit(nothing as unknown as Response, FIELDS)).toBe(nothing as Response)
    }
  })

  test('the answer to an upgrade, and that of a failed request', () => {
    const upgrade = { status: 101, headers: new Headers() } as Response
    expect(withRateLimit(upgrade, FIELDS)).toBe(upgrade)
    expect(fieldsOf(upgrade)).toEqual([null, null])
    const failed = Response.error()
    expect(withRateLimit(failed, FIELDS)).toBe(failed)
  })

  test('an answer with neither header fields to change nor a body to pass on', async () => {
    const read = new Response('body')
    await read.text()
    Object.defineProperty(read, 'headers', { value: Response.redirect('http://a.b').headers })
    expect(withRateLimit(read, FIELDS)).toBe(read)
  })
})
