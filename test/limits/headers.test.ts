import { createMac } from '../../src/index.ts'
import { rateLimitFields, secondsUntil, withRateLimit } from '../../src/limits/headers.ts'
import { describe, expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'
import { systemTime } from '../support/system-time.ts'

const SITE = 'http://example.com/a'
const LIMIT = { rateLimit: { requests: 5, seconds: 60 } }

function fieldsOf({ headers }: Response) {
  return [headers.get('ratelimit-policy'), headers.get('ratelimit')]
}

function left(requests: number) {
  return ['"requests";q=5;w=60', `"requests";r=${requests};t=60`]
}

/** Creates a handler that returns the same response to all, and its clients. */
async function sharing(shared: Response) {
  const mac = createMac({ database: 'sqlite::memory:' })
  const ada = await mac.createCredential('ada', LIMIT)
  const bob = await mac.createCredential('bob', LIMIT)
  const free = await mac.createCredential('free')
  const app = mac.withMac(() => shared)
  const ask = (key: typeof ada) => app(signed(key, SITE))
  return { mac, ada, bob, free, ask }
}

describe('if a handler returns the same response to all clients', () => {
  test('a client without a limit does not see the fields of another', async () => {
    using _time = systemTime()
    const { ada, free, ask } = await sharing(new Response(null, { status: 204 }))
    for (const count of [4, 3, 2]) {
      expect(fieldsOf(await ask(ada))).toEqual(left(count))
      const answer = await ask(free)
      expect([answer.status, ...fieldsOf(answer)]).toEqual([204, null, null])
    }
  })

  test('each client sees its own fields, also if several have their responses at the same time', async () => {
    using _time = systemTime()
    const headers = { 'X-Own': 'kept', RateLimit: '"other";r=1' }
    const { ada, bob, free, ask } = await sharing(new Response(null, { headers }))
    await ask(ada)
    const [first, second, third] = [await ask(ada), await ask(bob), await ask(free)]
    expect(first.headers.get('ratelimit')).toBe('"other";r=1, "requests";r=3;t=60')
    expect(second.headers.get('ratelimit')).toBe('"other";r=1, "requests";r=4;t=60')
    expect(fieldsOf(third)).toEqual([null, '"other";r=1'])
    for (const { headers } of [first, second, third]) expect(headers.get('x-own')).toBe('kept')
  })

  test('neither an anonymous request nor a preflight gets the fields', async () => {
    const headers = { 'access-control-request-method': 'GET' }
    for (const init of [{}, { method: 'OPTIONS', headers }]) {
      const shared = new Response()
      const { mac, ada, ask } = await sharing(shared)
      const open = mac.withMac(() => shared, { mode: 'optional', allowPreflight: true })
      expect((await ask(ada)).headers.has('ratelimit')).toBe(true)
      expect(fieldsOf(await open(new Request(SITE, init)))).toEqual([null, null])
    }
  })

  test('a client without a limit does not see them if it came first and its handler was slow', async () => {
    const shared = new Response()
    let go = () => {}
    const held = new Promise<void>((resolve) => {
      go = resolve
    })
    const { mac, ada, free, ask } = await sharing(shared)
    const slow = mac.withMac(() => held.then(() => shared))(signed(free, SITE))
    expect((await ask(ada)).headers.has('ratelimit')).toBe(true)
    go()
    expect(fieldsOf(await slow)).toEqual([null, null])
  })
})

const FIELDS = {
  'RateLimit-Policy': '"requests";q=100;w=60',
  RateLimit: '"requests";r=99;t=60',
}

const BOTH = Object.values(FIELDS)
const add = (answer: Response, given = new WeakSet<Response>()) =>
  withRateLimit(answer, FIELDS, given)

test('the fields are structured fields, with whole seconds', () => {
  using _time = systemTime()
  const limit = { requests: 100, seconds: 60 }
  const count = { used: 1, resetAt: Date.now() + 59_500 }
  expect(rateLimitFields('requests', limit, count)).toEqual(FIELDS)
  const more = { used: 101, resetAt: Date.now() - 5 }
  expect(rateLimitFields('failures', limit, more).RateLimit).toBe('"failures";r=0;t=0')
  expect(secondsUntil(Date.now() + 1)).toBe(1)
})

describe('withRateLimit adds the fields to', () => {
  test('an ordinary response, and returns the same object', () => {
    const answer = new Response('body')
    expect(add(answer)).toBe(answer)
    expect(fieldsOf(answer)).toEqual(BOTH)
  })

  test('a response whose headers cannot be changed', () => {
    const answer = add(Response.redirect('http://example.com/b', 303))
    expect(fieldsOf(answer)).toEqual(BOTH)
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe('http://example.com/b')
  })

  test('a response from fetch, without reading its body', async () => {
    const fetched = await fetch('data:text/plain,hello')
    const answer = add(fetched)
    expect(fieldsOf(answer)).toEqual(BOTH)
    expect(answer.bodyUsed).toBe(false)
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(await answer.text()).toBe('hello')
  })

  test('a response whose body is a stream, without reading it', async () => {
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
    const answer = add(new Response(body))
    expect(pulled).toBe(0)
    expect(await answer.text()).toBe('late')
  })

  test('a response with another policy, beside that', () => {
    const own = { 'RateLimit-Policy': '"a, b";q=1', RateLimit: '"a, b";r=1' }
    const answer = add(new Response(null, { headers: own }))
    expect(fieldsOf(answer)).toEqual([`"a, b";q=1, ${BOTH[0]}`, `"a, b";r=1, ${BOTH[1]}`])
  })

  test('a response that already has fields of the same policy, which are replaced', () => {
    const answer = add(new Response(null, { headers: { RateLimit: '"requests";r=100;t=60' } }))
    expect(fieldsOf(answer)).toEqual(BOTH)
  })
})

describe('if a response is returned again', () => {
  test('the first client gets the response itself, and each other client a copy with its own fields', async () => {
    const given = new WeakSet<Response>()
    const answer = new Response('body', { headers: { 'X-Own': 'kept' } })
    const first = add(answer, given)
    const other = withRateLimit(answer, { ...FIELDS, RateLimit: '"requests";r=7;t=9' }, given)
    const free = withRateLimit(answer, null, given)
    expect(first).toBe(answer)
    expect(new Set([first, other, free]).size).toBe(3)
    expect([fieldsOf(first), fieldsOf(other)]).toEqual([
      BOTH,
      [FIELDS['RateLimit-Policy'], '"requests";r=7;t=9'],
    ])
    expect(fieldsOf(free)).toEqual([null, null])
    expect(free.headers.get('x-own')).toBe('kept')
    for (const each of [other, free, first]) expect(await each.text()).toBe('body')
  })

  test('no client sees the fields of another, even if the body was read', async () => {
    const given = new WeakSet<Response>()
    const answer = add(new Response('body'), given)
    await answer.text()
    expect(fieldsOf(withRateLimit(answer, null, given))).toEqual([null, null])
  })
})

describe('withRateLimit does not change', () => {
  test('a value that is not a response, which Bun expects after an upgrade', () => {
    for (const nothing of [undefined, null, {}]) {
      expect(add(nothing as unknown as Response)).toBe(nothing as Response)
    }
  })

  test('the response of an upgrade, or an error response', () => {
    const upgrade = { status: 101, headers: new Headers() } as Response
    expect(add(upgrade)).toBe(upgrade)
    expect(fieldsOf(upgrade)).toEqual([null, null])
    const failed = Response.error()
    expect(add(failed)).toBe(failed)
  })

  test('a response whose headers cannot be changed and whose body was read', async () => {
    const read = new Response('body')
    await read.text()
    Object.defineProperty(read, 'headers', { value: Response.redirect('http://a.b').headers })
    expect(add(read)).toBe(read)
  })
})
