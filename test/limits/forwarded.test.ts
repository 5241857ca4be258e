import { createMac, type MacOptions } from '../../src/index.ts'
import { describe, expect, spyOn, test } from '../support/runner.ts'

const URL = 'http://10.0.0.1/a'
const BAD = 'MAC id="nobody", ts="1", nonce="n", mac="AAAA"'

/**
 * Starts a server for which all connections have the same address. Returns a function that sends a
 * request.
 */
function start(options: MacOptions) {
  const rateLimit = { failures: { requests: 3, seconds: 60 } }
  const database = 'sqlite::memory:'
  const mac = createMac({ database, rateLimit, onReject: () => {}, ...options })
  const app = mac.withMac((_request: Request, _server: object) => new Response())
  const server = { requestIP: () => ({ address: '10.0.0.2' }) }
  return async (headers: Record<string, string>) => {
    const request = new Request(URL, { headers: { authorization: BAD, ...headers } })
    return (await app(request, server)).status
  }
}

describe('failures behind a proxy', () => {
  test('do not escape the counter by a field that only the client sends', async () => {
    const send = start({ trustProxy: true })
    const statuses: number[] = []
    for (let at = 0; at < 6; at++) {
      const forwarded = `for=198.51.100.${at}`
      statuses.push(await send({ 'x-forwarded-for': '192.0.2.1', forwarded }))
    }
    expect(new Set(statuses)).toEqual(new Set([401]))
    for (let at = 0; at < 3; at++) await send({ 'x-forwarded-for': '192.0.2.1' })
    expect(await send({ 'x-forwarded-for': '192.0.2.1' })).toBe(429)
  })

  test('cause one warning if there is neither trustProxy nor clientAddress', async () => {
    const log = spyOn(console, 'error').mockImplementation(() => {})
    const send = start({ origin: 'https://api.example.com' })
    for (let at = 0; at < 3; at++) await send({ 'x-forwarded-for': '192.0.2.1' })
    const texts = log.mock.calls.map(([text]) => String(text))
    log.mockRestore()
    expect(texts).toHaveLength(1)
    expect(texts[0]).toContain('pass trustProxy or clientAddress')
  })
})
