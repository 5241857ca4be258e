import { createMac } from '../../src/index.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization, signed } from '../support/sign.ts'

const URL = 'http://example.com/a'
const mac = createMac({ database: 'sqlite::memory:' })
const ada = await mac.createCredential('ada')

/** A body in two parts: `first `, and `last` once the gate is open. */
function gatedBody(gate: Promise<void>): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder()
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(bytes.encode('first '))
      await gate
      controller.enqueue(bytes.encode('last'))
      controller.close()
    },
  })
}

describe('what a handler throws reaches the caller unchanged:', () => {
  const thrown: readonly [string, unknown][] = [
    ['an Error', new Error('of the handler')],
    ['a Response', new Response('redirect', { status: 302 })],
    ['a plain object', { type: 'redirect' }],
    ['undefined', undefined],
  ]

  test.each(thrown)('%s', async (_, value) => {
    const caught = async (handler: () => Response | Promise<Response>) => {
      try {
        await mac.withMac(handler)(signed(ada, URL))
      } catch (error) {
        return { error }
      }
      return null
    }
    const sync = await caught(() => {
      throw value
    })
    const async_ = await caught(async () => {
      await Promise.resolve()
      throw value
    })
    expect(sync).not.toBeNull()
    expect(async_).not.toBeNull()
    expect(sync?.error).toBe(value)
    expect(async_?.error).toBe(value)
  })
})

test('the answer is the same object that the handler returned', async () => {
  const answer = new Response('x', { status: 418 })
  expect(await mac.withMac(() => answer)(signed(ada, URL))).toBe(answer)
  expect(await mac.withMac(async () => answer)(signed(ada, URL))).toBe(answer)
})

test('an answer is streamed: its first part arrives before the last is written', async () => {
  const gate = Promise.withResolvers<void>()
  const app = mac.withMac(() => new Response(gatedBody(gate.promise)))
  const answer = await app(signed(ada, URL))
  const reader = answer.body?.getReader()
  const decode = (chunk: Uint8Array | undefined) => new TextDecoder().decode(chunk)
  expect(decode((await reader?.read())?.value)).toBe('first ')
  gate.resolve()
  expect(decode((await reader?.read())?.value)).toBe('last')
})

describe('the body of a request', () => {
  function posted(body: BodyInit): Request {
    const headers = { authorization: authorization(ada, URL, { method: 'POST' }) }
    return new Request(URL, { method: 'POST', headers, body, duplex: 'half' } as RequestInit)
  }

  test('is not read before the handler reads it', async () => {
    let used = true
    const app = mac.withMac(async (request) => {
      used = request.bodyUsed
      return new Response(await request.text())
    })
    expect(await (await app(posted('the body'))).text()).toBe('the body')
    expect(used).toBe(false)
  })

  test('may still arrive when the handler is called', async () => {
    const gate = Promise.withResolvers<void>()
    const app = mac.withMac(async (request) => {
      expect(request.bodyUsed).toBe(false)
      gate.resolve()
      return new Response(await request.text())
    })
    const answer = await app(posted(gatedBody(gate.promise)))
    expect(await answer.text()).toBe('first last')
  })

  test('is not read if the request is rejected', async () => {
    const request = new Request(URL, { method: 'POST', body: 'the body' })
    expect((await mac.withMac(() => new Response())(request)).status).toBe(401)
    expect(request.bodyUsed).toBe(false)
    expect(await request.text()).toBe('the body')
  })
})
