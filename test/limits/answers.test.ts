import { createMac } from '../../src/index.ts'
import { LimitedAnswers } from '../../src/limits/answers.ts'
import { describe, expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'
import { systemTime } from '../support/system-time.ts'

const SITE = 'http://example.com/a'
const LIMIT = { rateLimit: { requests: 5, seconds: 60 } }

function told({ headers }: Response) {
  return [headers.get('ratelimit-policy'), headers.get('ratelimit')]
}

function left(requests: number) {
  return ['"requests";q=5;w=60', `"requests";r=${requests};t=60`]
}

/** A handler that gives the same answer to all, and those who ask it. */
async function sharing(shared: Response) {
  const mac = createMac({ database: 'sqlite::memory:' })
  const ada = await mac.createCredential('ada', LIMIT)
  const bob = await mac.createCredential('bob', LIMIT)
  const free = await mac.createCredential('free')
  const app = mac.withMac(() => shared)
  const ask = (key: typeof ada) => app(signed(key, SITE))
  return { mac, ada, bob, free, ask }
}

describe('where a handler gives one answer to all', () => {
  test('who has no budget is shown that of nobody else', async () => {
    using _time = systemTime()
    const { ada, free, ask } = await sharing(new Response(null, { status: 204 }))
    for (const count of [4, 3, 2]) {
      expect(told(await ask(ada))).toEqual(left(count))
      const answer = await ask(free)
      expect([answer.status, ...told(answer)]).toEqual([204, null, null])
    }
  })

  test('each is shown its own, also where several hold their answers at once', async () => {
    using _time = systemTime()
    const headers = { 'X-Own': 'kept', RateLimit: '"other";r=1' }
    const { ada, bob, free, ask } = await sharing(new Response(null, { headers }))
    await ask(ada)
    const [first, second, third] = [await ask(ada), await ask(bob), await ask(free)]
    expect(first.headers.get('ratelimit')).toBe('"other";r=1, "requests";r=3;t=60')
    expect(second.headers.get('ratelimit')).toBe('"other";r=1, "requests";r=4;t=60')
    expect(told(third)).toEqual([null, '"other";r=1'])
    for (const { headers } of [first, second, third]) expect(headers.get('x-own')).toBe('kept')
  })

  test('neither an anonymous caller nor a preflight is shown a budget', async () => {
    const headers = { 'access-control-request-method': 'GET' }
    for (const init of [{}, { method: 'OPTIONS', headers }]) {
      const shared = new Response()
      const { mac, ada, ask } = await sharing(shared)
      const open = mac.withMac(() => shared, { mode: 'optional', allowPreflight: true })
      expect((await ask(ada)).headers.has('ratelimit')).toBe(true)
      expect(told(await open(new Request(SITE, init)))).toEqual([null, null])
    }
  })

  test('nor who came first and whose handler took its time', async () => {
    const shared = new Response()
    let go = () => {}
    const held = new Promise<void>((resolve) => {
      go = resolve
    })
    const { mac, ada, free, ask } = await sharing(shared)
    const slow = mac.withMac(() => held.then(() => shared))(signed(free, SITE))
    expect((await ask(ada)).headers.has('ratelimit')).toBe(true)
    go()
    expect(told(await slow)).toEqual([null, null])
  })
})

const FIELDS = {
  'RateLimit-Policy': '"requests";q=100;w=60',
  RateLimit: '"requests";r=99;t=60',
}

test('an answer that is given once is given back itself, with its body as it was', async () => {
  const answers = new LimitedAnswers()
  const answer = new Response('body')
  expect(answers.withFields(answer, FIELDS)).toBe(answer)
  expect(told(answer)).toEqual(Object.values(FIELDS))
  const other = new Response('other')
  expect(answers.withoutFields(other)).toBe(other)
})

test('an answer that was read and is given again is left without fields', async () => {
  const answers = new LimitedAnswers()
  const answer = answers.withFields(new Response('body'), FIELDS)
  await answer.text()
  expect(answers.withFields(answer, FIELDS)).toBe(answer)
  expect(told(answer)).toEqual([null, null])
})

test('what is no answer is given back, which Bun wants after an upgrade', () => {
  const answers = new LimitedAnswers()
  answers.withFields(new Response(), FIELDS)
  for (const nothing of [undefined, null, {}]) {
    const answer = nothing as unknown as Response
    expect(answers.withFields(answer, FIELDS)).toBe(answer)
    expect(answers.withoutFields(answer)).toBe(answer)
  }
  const failed = Response.error()
  expect(answers.withFields(failed, FIELDS)).toBe(failed)
})
