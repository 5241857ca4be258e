import { explain } from '../../src/explain/explain.ts'
import { createMac } from '../../src/index.ts'
import { canCountHashes, countedHashes } from '../support/counted-macs.ts'
import { sendRaw } from '../support/raw.ts'
import { afterAll, describe, expect, test } from '../support/runner.ts'
import { authorization } from '../support/sign.ts'

const mac = createMac({ database: 'sqlite::memory:' })
const KEY = await mac.createCredential('ada', { id: 'ada' })
afterAll(() => mac.close())

const IS_BUN = process.versions.bun !== undefined
/** `new Request()` encodes `'` in a query, as Bun.serve does. */
const SHOWN = 'http://api.example.com/find?q=o%27neill&r=%27%27'

async function codeFor(target: string, options: Parameters<typeof mac.verify>[1] = {}) {
  const headers = { authorization: authorization(KEY, 'http://api.example.com', { target }) }
  const verdict = await mac.verify(new Request(SHOWN, { headers }), options)
  return verdict.ok ? 'accepted' : verdict.error.code
}

describe('a query that arrives with %27 is accepted', () => {
  test('if the client signed %27', async () => {
    expect(await codeFor('/find?q=o%27neill&r=%27%27')).toBe('accepted')
  })

  test("if the client signed ' each time, on Bun alone, which does not show what was sent", async () => {
    const expected = IS_BUN ? 'accepted' : 'ERR_MAC_MISMATCH'
    expect(await codeFor("/find?q=o'neill&r=''")).toBe(expected)
    // The second time, the key is cached.
    expect(await codeFor("/find?q=o'neill&r=''")).toBe(expected)
  })
})

describe('a query that arrives with %27 is rejected', () => {
  test.each([
    ["' in one place and %27 in another", "/find?q=o'neill&r=%27%27"],
    ["' in the path too", "/find'?q=o'neill&r=''"],
    ['another character', "/find?q=o'neill&r=''&s=1"],
    ['%2527', '/find?q=o%2527neill&r=%2527%2527'],
  ])('if the client signed %s', async (_, target) => {
    expect(await codeFor(target)).toBe('ERR_MAC_MISMATCH')
  })

  test("if the client signed ', and requestTarget shows that %27 was sent", async () => {
    const requestTarget = '/find?q=o%27neill&r=%27%27'
    expect(await codeFor("/find?q=o'neill&r=''", { requestTarget })).toBe('ERR_MAC_MISMATCH')
  })
})

test('a path that arrives with %27 is accepted only as it arrives', async () => {
  const url = "http://api.example.com/it%27s?a='"
  const headers = { authorization: authorization(KEY, url, { target: "/it's?a='" }) }
  expect((await mac.verify(new Request(url, { headers }))).ok).toBe(false)
})

test('one signed request is accepted once, whichever form arrives', async () => {
  const target = '/find?q=o%27neill&r=%27%27'
  const headers = { authorization: authorization(KEY, 'http://api.example.com', { target }) }
  expect((await mac.verify(new Request(SHOWN, { headers }))).ok).toBe(true)
  const other = new Request(SHOWN.replaceAll('%27', "'"), { headers })
  expect(await mac.verify(other)).toMatchObject({ ok: false, error: { code: 'ERR_MAC_REPLAY' } })
})

test('the work is the same whether the credential exists or not', async () => {
  const wrong = async (id: string) => {
    const headers = { authorization: authorization({ id, key: 'x'.repeat(40) }, SHOWN) }
    return countedHashes(() => mac.verify(new Request(SHOWN, { headers })))
  }
  if (!(await canCountHashes())) return
  const count = await wrong('ada')
  expect(count).toBeGreaterThan(0)
  expect(await wrong('nobody')).toBe(count)
})

test("explain finds the MAC right if a server on Bun found it right for a '", () => {
  const header = authorization(KEY, 'http://api.example.com', { target: "/find?q='" })
  const seen = {
    method: 'GET',
    url: 'http://api.example.com/find?q=%27',
    headers: { host: 'api.example.com', authorization: header },
  }
  const replay = explain({ ...seen, code: 'ERR_MAC_REPLAY' }, { id: KEY.id, key: KEY.key })
  expect(replay).toMatchObject({ code: 'ERR_MAC_REPLAY', mistakes: [] })
  const mismatch = explain({ ...seen, code: 'ERR_MAC_MISMATCH' }, { id: KEY.id, key: KEY.key })
  expect(mismatch.mistakes.map(({ kind }) => kind)).toEqual(['query-decoded'])
})

test("over the wire, a client that signs and sends ' is accepted by Bun.serve, and the handler sees %27", async () => {
  if (!IS_BUN) return
  const shown: string[] = []
  const handler = mac.withMac((request: Request) => {
    shown.push(request.url.replace(/^[^?]*/, ''))
    return new Response()
  })
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: (request) => handler(request) })
  const at = `http://127.0.0.1:${server.port}`
  const send = (signed: string, sent: string) => {
    const header = authorization(KEY, at, { target: signed })
    const fields = [
      `Host: 127.0.0.1:${server.port}`,
      `Authorization: ${header}`,
      'Connection: close',
    ]
    return sendRaw(server.port ?? 0, `GET ${sent} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`)
  }
  expect((await send("/x?q='a'", "/x?q='a'")).status).toBe(200)
  expect((await send('/x?q=%27a%27', '/x?q=%27a%27')).status).toBe(200)
  expect((await send("/x?q='a'", '/x?q=%27b%27')).status).toBe(401)
  await server.stop(true)
  expect(shown).toEqual(['?q=%27a%27', '?q=%27a%27'])
})
