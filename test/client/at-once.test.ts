import { createMacFetch, createTokenFetch, type MacFetch } from '../../src/client/index.ts'
import { describe, expect, test } from '../support/runner.ts'
import { KEY, signingServer } from './server.ts'
import { tokenServer } from './token-server.ts'

const NOW = 1_700_000_000
const COUNT = 20
const ALL_WELL = Array(COUNT).fill(200)
const onTime = { now: () => NOW }
const wrongClocks: [name: string, off: number][] = [
  ['behind', -4000],
  ['ahead', 4000],
]

/** Holds requests until there are so many, so that all are signed before the first is answered. */
function gate(count: number) {
  let waiting = 0
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return () => {
    if (++waiting === count) open()
    return opened
  }
}

/** The statuses of twenty requests at once, in their order. */
function statuses(send: (at: number) => Promise<Response>): Promise<number[]> {
  return Promise.all(
    Array.from({ length: COUNT }, async (_, at) => {
      const response = await send(at)
      await response.body?.cancel()
      return response.status
    }),
  )
}

describe('twenty requests at once are all accepted', () => {
  test.each(wrongClocks)('with a clock that is %s', async (_, off) => {
    const wait = gate(COUNT)
    await using server = await signingServer(() => wait().then(() => null), onTime)
    const macFetch = createMacFetch(KEY, { now: () => NOW + off })
    expect(await statuses(() => macFetch(server.url))).toEqual(ALL_WELL)
    expect(server.seen).toHaveLength(2 * COUNT)
  })

  test.each(wrongClocks)('with a clock that is %s, each a Request with a body', async (_, off) => {
    const wait = gate(COUNT)
    await using server = await signingServer(() => wait().then(() => null), onTime)
    const macFetch = createMacFetch(KEY, { now: () => NOW + off })
    const bodies = await Promise.all(
      Array.from({ length: COUNT }, async (_each, at) => {
        const response = await macFetch(new Request(server.url, { method: 'PUT', body: `${at}` }))
        return response.text()
      }),
    )
    expect(bodies).toEqual(Array.from({ length: COUNT }, (_each, at) => `${at}`))
  })

  test.each(wrongClocks)('with a token, and a clock that is %s', async (_, off) => {
    const wait = gate(COUNT)
    await using server = await tokenServer(undefined, { before: wait })
    const tokenFetch = server.tokenFetch({ now: () => server.clock.seconds + off })
    expect(await statuses(() => tokenFetch(server.url))).toEqual(ALL_WELL)
    expect(server.asked).toEqual([200])
  })

  test('after their token was deleted, with one new token for all', async () => {
    const wait = gate(COUNT)
    let first = true
    await using server = await tokenServer(undefined, {
      before: async () => {
        if (!first) await wait()
      },
    })
    const tokenFetch = server.tokenFetch()
    expect((await tokenFetch(server.url)).status).toBe(200)
    first = false
    await server.forget()
    expect(await statuses(() => tokenFetch(server.url))).toEqual(ALL_WELL)
    expect(server.asked).toEqual([200, 200])
  })

  test.each(wrongClocks)('after their token was deleted while the clock is %s', async (_, off) => {
    await using server = await tokenServer()
    let wrong = 0
    const tokenFetch = server.tokenFetch({ now: () => server.clock.seconds + wrong })
    expect((await tokenFetch(server.url)).status).toBe(200)
    await server.forget()
    // If the clock is ahead, the token has also expired.
    wrong = off
    expect(await statuses(() => tokenFetch(server.url))).toEqual(ALL_WELL)
  })
})

test.each(wrongClocks)(
  'overlapping requests with a clock that is %s are all accepted',
  async (_, off) => {
    const started: (() => void)[] = []
    /** Answers a request only after three later ones have come. */
    const overlap = () =>
      new Promise<null>((resolve) => {
        started.push(() => resolve(null))
        started[started.length - 4]?.()
      })
    await using server = await signingServer(overlap, onTime)
    const macFetch = createMacFetch(KEY, { now: () => NOW + off })
    const answers: Promise<Response>[] = []
    for (let tick = 0; tick < COUNT; tick++) {
      const before = started.length
      answers.push(macFetch(server.url))
      while (started.length === before) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    let done = false
    const results = Promise.all(answers).then((all) => {
      done = true
      return all.map(({ status }) => status)
    })
    while (!done) {
      for (const release of started) release()
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(await results).toEqual(ALL_WELL)
  },
)

describe('a request is sent again only once for each reason:', () => {
  test('if the server sends another time with each response', async () => {
    let seconds = NOW
    await using server = await signingServer(
      () => {
        seconds += 10_000
        return server.seen.length < 5 ? null : new Response('endless')
      },
      { now: () => seconds },
    )
    const macFetch = createMacFetch(KEY, { now: () => NOW })
    expect((await macFetch(server.url, { method: 'PUT', body: 'x' })).status).toBe(401)
    expect(server.seen).toHaveLength(2)
  })

  test('if each new token is accepted for other requests, but not for this one', async () => {
    let asked = 0
    let posts = 0
    const rejected = { 'www-authenticate': 'MAC error="The credentials were rejected."' }
    const fetch: MacFetch = async (input, init) => {
      if (String(input).endsWith('/token')) {
        const credential = { access_token: `id-${++asked}`, mac_key: 'a-key' }
        const about = { token_type: 'mac', mac_algorithm: 'hmac-sha-256', expires_in: 3600 }
        return Response.json({ ...credential, ...about })
      }
      if (init?.method !== 'POST' || ++posts === 5) return new Response()
      await tokenFetch('https://a.example/')
      return new Response(null, { status: 401, headers: rejected })
    }
    const tokenEndpoint = 'https://a.example/token'
    const tokenFetch = createTokenFetch({ tokenEndpoint, clientId: 'a', clientSecret: 'b', fetch })
    expect((await tokenFetch('https://a.example/', { method: 'POST', body: 'x' })).status).toBe(401)
    expect([posts, asked]).toEqual([2, 2])
  })
})
