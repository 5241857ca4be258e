import { setImmediate } from 'node:timers/promises'
import { startStopwatch } from '../../src/client/clock.ts'
import type { MacFetch } from '../../src/client/index.ts'
import { describe, expect, spyOn, test } from '../support/runner.ts'
import { TOKEN, tokenServer, until } from './token-server.ts'

/** A `fetch` that counts the answers of the token endpoint that a client has read. */
function reading() {
  let answers = 0
  const send: MacFetch = async (input, init) => {
    const answer = await fetch(input, init)
    if (!String(input).endsWith('/token')) return answer
    const whole = new Response(await answer.arrayBuffer(), answer)
    answers++
    return whole
  }
  /** Waits for so many answers, and until the client has handled the last one. */
  const read = async (count: number) => {
    await until(() => answers === count)
    for (let turn = 0; turn < 10; turn++) await setImmediate()
  }
  return { send, read }
}

describe('a credential', () => {
  test('is used until shortly before its end, and then renewed while requests go on', async () => {
    await using server = await tokenServer(undefined, { expiresSeconds: 100 })
    const tokenFetch = server.tokenFetch()
    const status = async () => (await tokenFetch(server.url)).status
    expect(await status()).toBe(200)
    server.clock.seconds += 89
    expect(await status()).toBe(200)
    expect(server.asked).toEqual([200])
    server.clock.seconds += 1
    expect(await status()).toBe(200)
    await until(() => server.asked.at(1) === 200)
    expect(new Set(server.seen).size).toBe(1)
    expect(await status()).toBe(200)
    expect(server.asked).toEqual([200, 200])
  })

  test('is renewed once for all requests that wait, if the old one is at its end', async () => {
    await using server = await tokenServer(undefined, { expiresSeconds: 100 })
    const tokenFetch = server.tokenFetch()
    await tokenFetch(server.url)
    server.clock.seconds += 95
    const answers = await Promise.all(Array.from({ length: 20 }, () => tokenFetch(server.url)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(server.asked).toEqual([200, 200])
    expect(new Set(server.seen.slice(1)).size).toBe(1)
    expect(server.seen[0]).not.toBe(server.seen[1])
  })

  test('is renewed renewBeforeSeconds before its end, but not before half of its lifetime', async () => {
    await using server = await tokenServer(undefined, { expiresSeconds: 100 })
    const tokenFetch = server.tokenFetch({ renewBeforeSeconds: 1000 })
    await tokenFetch(server.url)
    server.clock.seconds += 49
    await tokenFetch(server.url)
    expect(server.asked).toEqual([200])
    server.clock.seconds += 1
    await tokenFetch(server.url)
    await until(() => server.asked.length === 2)
  })

  test('is renewed at its end if renewBeforeSeconds is 0', async () => {
    await using server = await tokenServer(undefined, { expiresSeconds: 100 })
    const tokenFetch = server.tokenFetch({ renewBeforeSeconds: 0 })
    await tokenFetch(server.url)
    server.clock.seconds += 99
    await tokenFetch(server.url)
    expect(server.asked).toEqual([200])
    server.clock.seconds += 1
    expect((await tokenFetch(server.url)).status).toBe(200)
    expect(server.asked).toEqual([200, 200])
  })

  test('that cannot be renewed is used to its end, and the renewal is tried again only from time to time', async () => {
    await using server = await tokenServer(
      (_request, asked) => (asked === 1 ? null : new Response('', { status: 503 })),
      { expiresSeconds: 600 },
    )
    const { send, read } = reading()
    const tokenFetch = server.tokenFetch({ fetch: send })
    await tokenFetch(server.url)
    server.clock.seconds += 571
    for (let count = 0; count < 5; count++) expect((await tokenFetch(server.url)).status).toBe(200)
    await read(2)
    for (let count = 0; count < 5; count++) expect((await tokenFetch(server.url)).status).toBe(200)
    expect(server.asked).toEqual([200, 503])
    server.clock.seconds += 3
    expect((await tokenFetch(server.url)).status).toBe(200)
    await read(3)
    server.clock.seconds += 20
    for (let count = 0; count < 5; count++) expect((await tokenFetch(server.url)).status).toBe(200)
    await read(4)
    expect(server.asked).toEqual([200, 503, 503, 503])
    server.clock.seconds += 3
    const answers = await Promise.all(Array.from({ length: 5 }, () => tokenFetch(server.url)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(server.asked).toEqual([200, 503, 503, 503, 503])
    server.clock.seconds += 3
    await expect(tokenFetch(server.url)).rejects.toMatchObject({ code: 'ERR_MAC_CLIENT_TOKEN' })
  })

  test('that expires during a failed renewal is not used after its end', async () => {
    await using server = await tokenServer(
      (_request, asked) => {
        if (asked === 1) return null
        server.clock.seconds += 5
        return new Response('', { status: 503 })
      },
      { expiresSeconds: 100 },
    )
    const tokenFetch = server.tokenFetch()
    await tokenFetch(server.url)
    server.clock.seconds += 95
    await expect(tokenFetch(server.url)).rejects.toMatchObject({ code: 'ERR_MAC_CLIENT_TOKEN' })
    expect(server.seen).toHaveLength(1)
  })

  test('is not used for a request that was aborted while it waited for the next one', async () => {
    let reject = (_: Response) => {}
    const answer = new Promise<Response>((resolve) => {
      reject = resolve
    })
    await using server = await tokenServer((_request, asked) => (asked === 1 ? null : answer), {
      expiresSeconds: 100,
    })
    const tokenFetch = server.tokenFetch()
    await tokenFetch(server.url)
    server.clock.seconds += 95
    const controller = new AbortController()
    const given = tokenFetch(server.url, { signal: controller.signal })
    const other = tokenFetch(server.url)
    await until(() => server.asked.length === 2)
    controller.abort()
    await expect(given).rejects.toMatchObject({ name: 'AbortError' })
    reject(new Response('', { status: 503 }))
    expect((await other).status).toBe(200)
    expect(server.seen).toHaveLength(2)
  })

  test('has a lifetime from the request for it, not from the response', async () => {
    await using server = await tokenServer(
      (_request, asked) => {
        if (asked > 1) return null
        server.clock.seconds += 95
        return null
      },
      { expiresSeconds: 100 },
    )
    const tokenFetch = server.tokenFetch()
    await tokenFetch(server.url)
    await tokenFetch(server.url)
    expect(server.asked).toEqual([200, 200])
  })
})

describe('a credential that the server no longer knows', () => {
  test('is renewed once for all requests that get this 401, and they are sent again', async () => {
    await using server = await tokenServer()
    const tokenFetch = server.tokenFetch()
    const post = async (body: string) => {
      const answer = await tokenFetch(server.url, { method: 'POST', body })
      return [answer.status, answer.status === 200 ? (await answer.json()).body : null]
    }
    expect(await post('one')).toEqual([200, 'one'])
    const [credential] = await server.mac.listCredentials()
    await server.mac.revokeCredential(credential?.id ?? '')
    const bodies = Array.from({ length: 20 }, (_, at) => `body ${at}`)
    expect(await Promise.all(bodies.map(post))).toEqual(bodies.map((body) => [200, body]))
    expect(server.asked).toEqual([200, 200])
  })

  test('is renewed, if it has expired for the server but not for the client', async () => {
    await using server = await tokenServer((_request, asked) =>
      asked === 1
        ? server.mac
            .createCredential('ada', { expires: server.clock.seconds + 10 })
            .then(({ id, key }) => Response.json({ ...TOKEN, access_token: id, mac_key: key }))
        : null,
    )
    const tokenFetch = server.tokenFetch()
    expect((await tokenFetch(server.url)).status).toBe(200)
    server.clock.seconds += 20
    expect((await tokenFetch(server.url)).status).toBe(200)
    expect(server.asked).toEqual([200, 200])
  })

  test('is renewed after a request with a stream, which gets its 401; the next request is accepted', async () => {
    await using server = await tokenServer()
    const tokenFetch = server.tokenFetch()
    await tokenFetch(server.url)
    await server.forget()
    const body = new Blob(['hello']).stream()
    const init = { method: 'POST', body, duplex: 'half' }
    const rejected = await tokenFetch(server.url, init)
    expect(rejected.status).toBe(401)
    expect(await rejected.json()).toMatchObject({ code: 'ERR_MAC_REJECTED' })
    expect((await tokenFetch(server.url)).status).toBe(200)
    expect(server.asked).toEqual([200, 200])
  })

  test('is renewed, and the body of a Request is sent again', async () => {
    await using server = await tokenServer()
    const tokenFetch = server.tokenFetch()
    await tokenFetch(server.url)
    await server.forget()
    const answer = await tokenFetch(new Request(server.url, { method: 'POST', body: 'hello' }))
    expect(await answer.json()).toMatchObject({ body: 'hello' })
  })

  test('makes the request reject, if there is no new one', async () => {
    await using server = await tokenServer((_request, asked) =>
      asked === 1 ? null : Response.json({ error: 'invalid_client' }, { status: 401 }),
    )
    const tokenFetch = server.tokenFetch()
    await tokenFetch(server.url)
    await server.forget()
    await expect(tokenFetch(server.url)).rejects.toThrow('answered 401, invalid_client')
  })
})

test.each([
  ['after the clock was corrected', -5000, false],
  ['after a renewal', 0, true],
])(
  'a credential that was accepted at the second try, %s, is renewed if the server no longer knows it',
  async (_name, offset, unknown) => {
    await using server = await tokenServer()
    const tokenFetch = server.tokenFetch({ now: () => server.clock.seconds + offset })
    if (unknown) {
      await tokenFetch(server.url)
      await server.forget()
    }
    expect((await tokenFetch(server.url)).status).toBe(200)
    const asked = server.asked.length
    await server.forget()
    expect((await tokenFetch(server.url)).status).toBe(200)
    expect(server.asked).toHaveLength(asked + 1)
  },
)

describe('a 401 does not make the client ask for a new credential,', () => {
  const answers = async (app: (request: Request) => Response | null) => {
    await using server = await tokenServer(undefined, { app })
    const tokenFetch = server.tokenFetch()
    expect((await tokenFetch(`${server.url}/good`)).status).toBe(200)
    const answer = await tokenFetch(`${server.url}/bad`)
    expect(answer.status).toBe(401)
    return { asked: server.asked.length, text: await answer.text() }
  }
  const bad = (headers: Record<string, string>, code?: string) => (request: Request) =>
    request.url.endsWith('/bad')
      ? new Response(JSON.stringify({ code, more: 'told' }), { status: 401, headers })
      : null
  const PROBLEM = {
    'www-authenticate': 'MAC error="no"',
    'content-type': 'application/problem+json',
  }

  test.each([
    ['if it is not of withmac', bad({}), 1],
    ['if it is of another scheme', bad({ 'www-authenticate': 'Bearer error="invalid_token"' }), 1],
    ['if it saw no MAC credentials', bad({ 'www-authenticate': 'MAC' }), 1],
    [
      'if it is about the timestamp',
      bad({ 'www-authenticate': 'MAC error="old", ts="1", tsm="YQ=="' }),
      1,
    ],
    ['if it is malformed', bad({ 'www-authenticate': 'MAC error="' }), 1],
    ['if it is about ext', bad(PROBLEM, 'ERR_MAC_EXT'), 1],
    ['if it is about the body', bad(PROBLEM, 'ERR_MAC_BODY_MISSING'), 1],
    ['but it does if it rejects the credential', bad(PROBLEM, 'ERR_MAC_REJECTED'), 2],
    [
      'but it does if a server of another kind only rejects',
      bad({ 'www-authenticate': 'MAC error="no"' }),
      2,
    ],
    ['but it does if its problem document has no code', bad(PROBLEM), 2],
  ])('%s', async (_name, app, asked) => {
    const result = await answers(app)
    expect(result.asked).toBe(asked)
    expect(result.text).toContain('told')
  })

  test('if no server has accepted the new one yet, so that a wrong origin does not cause many', async () => {
    const app = bad(PROBLEM, 'ERR_MAC_REJECTED')
    await using server = await tokenServer(undefined, { app })
    const tokenFetch = server.tokenFetch()
    for (let count = 0; count < 10; count++) {
      expect((await tokenFetch(`${server.url}/bad`)).status).toBe(401)
    }
    expect(server.asked).toEqual([200])
    server.clock.seconds += 60
    expect((await tokenFetch(`${server.url}/bad`)).status).toBe(401)
    expect(server.asked).toEqual([200, 200])
    expect(server.seen).toHaveLength(12)
  })
})

test('a clock offset is learned once, and kept when the credential is renewed', async () => {
  await using server = await tokenServer(undefined, { expiresSeconds: 100 })
  const tokenFetch = server.tokenFetch({ now: () => server.clock.seconds - 5000 })
  expect((await tokenFetch(server.url)).status).toBe(200)
  expect(server.seen.map((seen) => seen.slice(0, 3))).toEqual(['401', '200'])
  server.clock.seconds += 100
  expect((await tokenFetch(server.url)).status).toBe(200)
  expect(server.asked).toEqual([200, 200])
  expect(server.seen.map((seen) => seen.slice(0, 3))).toEqual(['401', '200', '200'])
})

describe('a stopwatch', () => {
  test('uses the clock that has advanced further', () => {
    const wall = spyOn(Date, 'now')
    const steady = spyOn(performance, 'now')
    try {
      wall.mockReturnValue(1_000_000)
      steady.mockReturnValue(500)
      const seconds = startStopwatch(undefined)
      steady.mockReturnValue(10_500)
      expect(seconds()).toBe(10)
      wall.mockReturnValue(1_060_000)
      expect(seconds()).toBe(60)
      wall.mockReturnValue(0)
      expect(seconds()).toBe(10)
    } finally {
      wall.mockRestore()
      steady.mockRestore()
    }
  })

  test('uses only the given clock', () => {
    let now = 5
    const seconds = startStopwatch(() => now)
    now = 12
    expect(seconds()).toBe(7)
  })
})
