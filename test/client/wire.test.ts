import { createServer } from 'node:net'
import {
  createMacFetch,
  signHeaders,
  signRequest,
  wireMethod,
  wireTarget,
} from '../../src/client/index.ts'
import { signedRequest } from '../../src/testing/index.ts'
import { afterAll, beforeAll, describe, expect, test } from '../support/runner.ts'
import { thrown } from '../support/thrown.ts'
import { METHODS, TARGETS, UNSIGNABLE_URLS } from './awkward.ts'

const KEY = { id: 'ada-id', key: 'ada-a-key-that-holds-128-bits' }

/** The request lines that the server received, newest last. */
const lines: string[] = []
const server = createServer((socket) => {
  let head = ''
  socket.on('data', (chunk) => {
    head += chunk.toString('latin1')
    if (!head.includes('\r\n\r\n')) return
    lines.push(head.slice(0, head.indexOf('\r\n')))
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
  })
  socket.on('error', () => {})
})
let base = ''

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as { port: number }).port}`
})
afterAll(() => {
  server.close()
})

async function lineOf(send: () => Promise<Response>): Promise<string> {
  const before = lines.length
  await (await send()).text()
  expect(lines).toHaveLength(before + 1)
  return lines.at(-1) ?? ''
}

describe('the fetch of this runtime', () => {
  test('sends the target of wireTarget, or wireTarget rejects the URL since fetch would change it', async () => {
    const rejected: string[] = []
    for (const target of TARGETS) {
      const url = base + target
      const sent = await lineOf(() => fetch(url))
      const error = thrown(() => wireTarget(url))
      if (error === null) expect(sent).toBe(`GET ${wireTarget(url)} HTTP/1.1`)
      else {
        expect(error.code).toBe('ERR_MAC_CLIENT_URL')
        const { href, origin } = new URL(url)
        expect(sent).not.toBe(`GET ${href.slice(origin.length).replace(/#.*/, '')} HTTP/1.1`)
        rejected.push(target)
      }
    }
    expect(TARGETS.length).toBeGreaterThan(400)
    expect(rejected.length).toBeLessThan(20)
  })

  test('sends the same target for a Request as for its URL', async () => {
    for (const target of ['', '/a^b?^', '/x?a#f', '/%7E;a=b', '/a//b/../c', '/é?é', "/'?'"]) {
      const request = new Request(base + target)
      expect(await lineOf(() => fetch(request))).toBe(`GET ${wireTarget(request.url)} HTTP/1.1`)
    }
  })

  test('sends the method of wireMethod, or wireMethod rejects it', async () => {
    for (const method of METHODS) {
      const error = thrown(() => wireMethod(method))
      if (error !== null) {
        expect(error.code).toBe('ERR_MAC_CLIENT_METHOD')
        continue
      }
      const sent = await lineOf(() => fetch(`${base}/x`, { method: wireMethod(method) }))
      expect(sent).toBe(`${wireMethod(method)} /x HTTP/1.1`)
    }
  })
})

test.each([
  ['get', 'GET'],
  ['Post', 'POST'],
  ['PATCH', 'PATCH'],
  ['PROPFIND', 'PROPFIND'],
])('wireMethod of %s is %s', (method, wire) => {
  expect(wireMethod(method)).toBe(wire)
})

test.each([
  ['patch', 'write PATCH'],
  ['Patch', 'write PATCH'],
  ['a b', 'is not a valid method'],
  ['', 'is not a valid method'],
  ['GÉT', 'is not a valid method'],
  ['A'.repeat(65), 'is not a valid method'],
  ['TRACE', 'does not send the method TRACE'],
  ['connect', 'does not send the method CONNECT'],
])('wireMethod rejects the method %s with the reason', (method, reason) => {
  expect(thrown(() => wireMethod(method))?.message).toContain(reason)
})

test('wireMethod rejects a method that the runtime would change to GET', () => {
  const turned = new Request('http://x/', { method: 'FOO' }).method !== 'FOO'
  const error = thrown(() => wireMethod('FOO'))
  if (turned) expect(error?.message).toContain('does not know the method FOO, and would send GET')
  else expect(error).toBeNull()
})

test.each(UNSIGNABLE_URLS)('wireTarget rejects %s: %s', async (url, reason) => {
  expect(thrown(() => wireTarget(url))?.message).toContain(reason)
  expect(thrown(() => wireTarget(url))?.code).toBe('ERR_MAC_CLIENT_URL')
  expect(thrown(() => signHeaders({ url }, KEY))?.code).toBe('ERR_MAC_CLIENT_URL')
})

test.each(['ws', 'wss'])(
  'every function that signs rejects a %s URL, and names the URL to sign',
  async (scheme) => {
    const url = `${scheme}://a.example/chat`
    const instead = `Sign ${scheme === 'ws' ? 'http' : 'https'}://a.example/…`
    expect(thrown(() => signHeaders({ url, target: '/chat' }, KEY))?.message).toContain(instead)
    const macFetch = createMacFetch(KEY, { fetch: () => Promise.reject(new Error('it was sent')) })
    await expect(macFetch(url)).rejects.toThrow(instead)
    await expect(macFetch(new URL(url))).rejects.toThrow(instead)
    await expect(macFetch(new Request(url))).rejects.toThrow(instead)
    await expect(signRequest(new Request(url), KEY)).rejects.toThrow(instead)
    await expect(signedRequest(url, { credential: KEY })).rejects.toThrow(instead)
  },
)

test('signRequest rejects a Request with a user name and password, if the runtime makes one', async () => {
  let request: Request
  try {
    request = new Request('http://user:pw@example.com/')
  } catch {
    return expect(process.versions.bun ?? process.versions.deno).toBeUndefined()
  }
  await expect(signRequest(request, KEY)).rejects.toThrow('user name or password')
})
