import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMac, getMac } from '../../src/index.ts'
import { createTokenEndpoint } from '../../src/oauth/index.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, spyOn, test } from '../support/runner.ts'
import { authorization, signed } from '../support/sign.ts'

/* Handlers that are called with something else than a Request of the Fetch API. */

type Next = (error?: unknown) => void
type Listener = (incoming: IncomingMessage, response: ServerResponse, next: Next) => unknown

const URL = 'http://example.com/a'
const mac = createMac({ database: 'sqlite::memory:' })
const ada = await mac.createCredential('ada')
let calls = 0
const greet = (request: Request) => {
  calls++
  return new Response(`hello ${getMac(request)?.user}`)
}
const endpoint = createTokenEndpoint(mac, { authenticateClient: () => null })
const wrapped: readonly [string, unknown][] = [
  ['a handler', mac.withMac(greet)],
  ['a handler that accepts anonymous callers', mac.withMac(greet, { mode: 'optional' })],
  ['a handler that allows preflights', mac.withMac(greet, { allowPreflight: true })],
  ['a token endpoint', endpoint],
]

/** Serves on node:http, and sends one signed request. @returns The status and text of the answer. */
async function answerOf(listener: Listener, next: Next = () => {}, headers: object = {}) {
  const server = createServer((incoming, response) => void listener(incoming, response, next))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  try {
    const header = authorization(ada, `http://127.0.0.1:${port}/a`)
    const options = { port, host: '127.0.0.1', path: '/a', agent: false }
    return await new Promise<string>((resolve, reject) => {
      const sent = request({ ...options, headers: { authorization: header, ...headers } })
      sent.on('error', reject).on('response', (answer) => {
        let text = `${answer.statusCode} `
        answer.setEncoding('utf8').on('data', (chunk) => {
          text += chunk
        })
        answer.on('end', () => resolve(text))
      })
      sent.end()
    })
  } finally {
    await new Promise((closed) => server.close(closed))
  }
}

/** @returns What `work` prints to console.error. */
async function printedDuring(work: () => Promise<unknown>): Promise<string[]> {
  const printed = spyOn(console, 'error').mockImplementation(() => {})
  try {
    await work()
    return printed.mock.calls.map(([text]) => String(text))
  } finally {
    printed.mockRestore()
  }
}

describe.each(wrapped)('%s, called by node:http itself', (_, app) => {
  test('answers 500 and prints which adapter is missing, and does not call the handler', async () => {
    calls = 0
    let answer = ''
    const printed = await printedDuring(async () => {
      // Express and Connect pass a third argument, node:http does not.
      answer = await answerOf((incoming, response) =>
        (app as Listener)(incoming, response, undefined as never),
      )
    })
    expect(answer).toBe('500 Internal Server Error\n')
    expect(printed).toHaveLength(1)
    expect(printed[0]).toMatch(/^withmac: this is a request of node:http .*@hono\/node-server/)
    expect(calls).toBe(0)
  })

  test('passes the error to next of Express and Connect, once, and its promise does not reject', async () => {
    const errors: unknown[] = []
    let settled: unknown
    const printed = await printedDuring(async () => {
      const answer = await answerOf(async (incoming, response) => {
        settled = await (app as Listener)(incoming, response, (error) => {
          errors.push(error)
          response.writeHead(500).end('by the error handler')
        })
      })
      expect(answer).toBe('500 by the error handler')
    })
    expect(errors).toHaveLength(1)
    expect(errors[0]).toBeInstanceOf(TypeError)
    expect((settled as Response).status).toBe(500)
    expect(printed).toEqual([])
  })

  test('rejects if it is called by Koa or Fastify', async () => {
    for (const make of [
      (req: IncomingMessage, res: ServerResponse) => [
        { req, res, url: '/a', headers: {} },
        () => {},
      ],
      (raw: IncomingMessage, res: ServerResponse) => [
        { raw, url: '/a', headers: raw.headers },
        { raw: res, send: () => {} },
      ],
    ]) {
      let error: unknown
      await answerOf(async (incoming, response) => {
        const call = app as (...given: unknown[]) => Promise<Response>
        error = await call(...make(incoming, response)).catch((caught: unknown) => caught)
        response.end()
      })
      expect(error).toBeInstanceOf(TypeError)
      expect((error as Error).message).toContain('this is a request of node:http')
    }
  })
})

test('a request of node:http with a header field named get is not mistaken for a Request', async () => {
  const errors: unknown[] = []
  await answerOf(
    (incoming, response) =>
      (mac.withMac(greet) as unknown as Listener)(incoming, response, (error) => {
        errors.push(error)
        response.end()
      }),
    undefined,
    { get: 'x', 'has-own-property': 'y' },
  )
  expect(errors).toHaveLength(1)
})

test('verify rejects for a request of node:http, and names the adapter', async () => {
  let error: unknown
  await answerOf(async (incoming, response) => {
    error = await mac.verify(incoming as unknown as Request).catch((caught: unknown) => caught)
    response.end()
  })
  expect(error).toBeInstanceOf(TypeError)
  expect((error as Error).message).toContain('toNodeHandler of srvx')
})

test('the request in a context of Elysia is used, although the context has url and headers too', async () => {
  const context = () => ({
    request: signed(ada, URL),
    url: URL,
    path: '/a',
    headers: { host: 'x' },
  })
  const app = mac.withMac(({ request }: { request: Request }) => greet(request))
  expect(await (await app(context())).text()).toBe('hello ada')
  const verdict = await mac.verify(context() as unknown as Request)
  expect(verdict.ok).toBe(true)
})

describe('a Request of another class', () => {
  /** A Request class as some frameworks have it: it shares only its shape with the global class. */
  class Foreign {
    readonly method = 'GET'
    readonly url = URL
    readonly #headers: Headers
    constructor(headers: Headers) {
      this.#headers = headers
    }
    get headers(): Headers {
      return this.#headers
    }
  }

  test('is accepted by its shape', async () => {
    const request = new Foreign(signed(ada, URL).headers) as unknown as Request
    expect(await (await mac.withMac(greet)(request)).text()).toBe('hello ada')
    const held = { request: new Foreign(signed(ada, URL).headers) as unknown as Request }
    const app = mac.withMac((given: typeof held) => greet(given.request))
    expect(await (await app(held)).text()).toBe('hello ada')
  })

  test('gets a 401, and no exception, if its header fields cannot be read', async () => {
    const request = {
      method: 'GET',
      url: URL,
      get headers(): never {
        throw new TypeError('Invalid header name')
      },
    } as unknown as Request
    const app = mac.withMac(greet, { onReject: () => {} })
    expect(await outcome(app(request))).toBe('401 ERR_MAC_HEADER_SYNTAX')
  })
})
