import { createTokenFetch, type TokenFetchOptions } from '../../src/client/index.ts'
import { Clock } from '../support/clock.ts'
import { describe, expect, test } from '../support/runner.ts'
import { TOKEN } from './token-server.ts'

type Answer = () => Response | Promise<Response>
const down: Answer = () => new Response('', { status: 503 })
const good: Answer = () => Response.json({ ...TOKEN, expires_in: 100 })
const wait =
  (retryAfter: string, date?: string): Answer =>
  () =>
    new Response('', {
      status: 429,
      headers: { 'retry-after': retryAfter, ...(date === undefined ? {} : { date }) },
    })

/** A client of a token endpoint that answers with `state.answer`, without a network. */
function client(answer: Answer, options: Partial<TokenFetchOptions> = {}) {
  const clock = new Clock()
  const state = { answer, asked: 0 }
  const tokenFetch = createTokenFetch({
    tokenEndpoint: 'https://api.example.com/token',
    clientId: 'shop',
    clientSecret: 'a-secret',
    now: clock.now,
    fetch: async (input) => {
      if (!String(input).endsWith('/token')) return new Response('ok')
      state.asked++
      return state.answer()
    },
    ...options,
  })
  const ask = () =>
    tokenFetch('https://api.example.com/').then(
      ({ status }) => status,
      (error: unknown) => error,
    )
  /** Returns after how many seconds the endpoint is asked again, tried each half second. */
  const pause = async () => {
    const { asked } = state
    for (let seconds = 0; seconds < 1000; seconds += 0.5) {
      await ask()
      if (state.asked > asked) return seconds
      clock.seconds += 0.5
    }
    throw new Error('The endpoint is never asked again.')
  }
  return { clock, state, tokenFetch, ask, pause }
}

describe('after a failure of the token endpoint', () => {
  test('fifty requests in a row ask it once, and reject with the same error', async () => {
    const { ask, state } = client(down)
    const errors = new Set<unknown>()
    for (let count = 0; count < 50; count++) errors.add(await ask())
    expect(state.asked).toBe(1)
    const [error, ...others] = errors
    expect(others).toEqual([])
    expect(error).toMatchObject({ name: 'MacError', code: 'ERR_MAC_CLIENT_TOKEN' })
    expect((error as Error).message).toBe(
      'The token endpoint answered 503. It is not asked again before 2023-11-14T22:13:21Z.',
    )
  })

  test('the client asks again after 1 second, 2, 4 and so on up to 30', async () => {
    const { ask, pause } = client(down)
    await ask()
    const pauses: number[] = []
    for (let count = 0; count < 7; count++) pauses.push(await pause())
    expect(pauses).toEqual([1, 2, 4, 8, 16, 30, 30])
  })

  test('the same pauses hold if there is no response, or one that cannot be used', async () => {
    for (const answer of [
      () => Promise.reject(new Error('no network')),
      () => Response.json({ ...TOKEN, token_type: 'Bearer' }),
      () => new Response('a'.repeat(20_000)),
      () => Response.redirect('https://b.example/', 307),
    ]) {
      const { ask, pause, state } = client(answer)
      await ask()
      expect([await pause(), await pause(), state.asked]).toEqual([1, 2, 3])
    }
  })

  test('a new credential ends the pauses', async () => {
    const { ask, pause, state, clock } = client(down)
    await ask()
    await pause()
    state.answer = good
    expect(await pause()).toBe(2)
    expect(await ask()).toBe(200)
    clock.seconds += 100
    state.answer = down
    await ask()
    expect([await pause(), await pause()]).toEqual([1, 2])
  })

  test('an aborted request rejects with the reason of its signal, not with the failure', async () => {
    const { ask, tokenFetch } = client(down)
    await ask()
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(tokenFetch('https://api.example.com/', { signal })).rejects.toThrow('enough')
  })
})

test('an aborted request does not count as a failure of the token endpoint', async () => {
  let answer = (_: Response) => {}
  const { ask, tokenFetch, state } = client(
    () =>
      new Promise((resolve) => {
        answer = resolve
      }),
  )
  const abort = new AbortController()
  const given = tokenFetch('https://api.example.com/', { signal: abort.signal })
  const other = ask()
  abort.abort(new Error('enough'))
  await expect(given).rejects.toThrow('enough')
  answer(await good())
  expect(await other).toBe(200)
  expect(state.asked).toBe(1)
})

test('an error of the option now does not count as a failure of the token endpoint', async () => {
  const clock = new Clock()
  let broken = true
  const now = () => {
    if (broken) throw new Error('no time')
    return clock.seconds
  }
  const { ask } = client(good, { now })
  expect(await ask()).toMatchObject({ message: 'no time' })
  broken = false
  expect(await ask()).toBe(200)
})

describe('the client waits for a Retry-After', () => {
  // The clock stands at 22:13:20.
  test.each([
    ['seconds', wait('60'), 60],
    ['more than 5 minutes', wait('86400'), 300],
    ['0 seconds', wait('0'), 1],
    ['a date', wait('Tue, 14 Nov 2023 22:14:20 GMT'), 60],
    ['a date in the far future', wait('Wed, 15 Nov 2023 22:14:20 GMT'), 300],
    ['a date that has passed', wait('Tue, 14 Nov 2023 22:13:20 GMT'), 1],
    [
      'a date by a clock that differs, as the Date shows',
      wait('Wed, 15 Nov 2023 08:00:40 GMT', 'Wed, 15 Nov 2023 08:00:00 GMT'),
      40,
    ],
    ['a text that is not a date', wait('soon'), 1],
    ['a number that is not whole', wait('1.5'), 1],
    ['a number below 0', wait('-60'), 1],
    ['a year, which is a number of seconds', wait('2030'), 300],
  ])('of %s', async (_name, answer, seconds) => {
    const { ask, pause } = client(answer)
    await ask()
    expect(await pause()).toBe(seconds)
  })

  test('of a rejected client, and of a response that is too long', async () => {
    for (const status of [401, 200]) {
      const headers = { 'retry-after': '60' }
      const { ask, pause } = client(() => new Response('a'.repeat(20_000), { status, headers }))
      await ask()
      expect(await pause()).toBe(60)
    }
  })

  test('before it renews again, and uses the credential to its end', async () => {
    const { ask, state, clock, pause } = client(good)
    expect(await ask()).toBe(200)
    state.answer = wait('40')
    clock.seconds += 95
    const asked = state.asked
    for (let count = 0; count < 10; count++) {
      expect(await ask()).toBe(200)
      clock.seconds += 0.5
    }
    expect(state.asked).toBe(asked + 1)
    expect(await ask()).toMatchObject({ code: 'ERR_MAC_CLIENT_TOKEN' })
    expect(await pause()).toBe(35)
  })
})

test('failed renewals do not make the pauses longer while the old credential is valid', async () => {
  const { ask, state, clock, pause } = client(good)
  await ask()
  state.answer = down
  clock.seconds += 95
  for (let count = 0; count < 10; count++) {
    expect(await ask()).toBe(200)
    clock.seconds += 0.5
  }
  expect(state.asked).toBe(6)
  await ask()
  expect(await pause()).toBe(1)
})

test('if the time of the option now is not a valid date, the error leaves it out, and the pause ends', async () => {
  let now = 1e15
  const { ask, state } = client(down, { now: () => now })
  expect(await ask()).toMatchObject({ message: 'The token endpoint answered 503.' })
  await ask()
  expect(state.asked).toBe(1)
  now += 1
  await ask()
  expect(state.asked).toBe(2)
})
