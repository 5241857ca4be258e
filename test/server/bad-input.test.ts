import { createMac } from '../../src/index.ts'
import { listen } from '../support/listen.ts'
import { rawRequest, sendRaw } from '../support/raw.ts'
import { afterAll, beforeAll, describe, expect, test } from '../support/runner.ts'
import { authorization, type Signing } from '../support/sign.ts'
import { but, MALFORMED } from './malformed-headers.ts'

const KEY = { id: 'ada', key: 'a-key-that-holds-128-bits' }
const codes: string[] = []
const mac = createMac({
  database: 'sqlite::memory:',
  onReject: ({ code }) => codes.push(code),
})
let calls = 0
const app = () => new Response(`call ${++calls}`)
const server = await listen(mac.withMac(app))
const { port } = server
const host = `127.0.0.1:${port}`
const good = (signing: Signing = {}) => authorization(KEY, `http://${host}/`, signing)

beforeAll(() => mac.createCredential('ada', KEY))
afterAll(() => server.close())

/** Sends a request, and checks what must hold for every answer. */
async function send(fields: readonly string[]) {
  codes.length = 0
  const start = performance.now()
  const answer = await sendRaw(port, rawRequest('GET /', fields))
  expect(performance.now() - start).toBeLessThan(5000)
  expect(answer.status).toBeGreaterThanOrEqual(200)
  expect(answer.status).toBeLessThan(500)
  expect(answer.body).not.toMatch(/\.ts:|\bat /)
  const challenge = answer.headers.get('www-authenticate')
  return { ...answer, challenge, code: codes[0] ?? null }
}

const sendHeader = (header: string) => send([`Host: ${host}`, `Authorization: ${header}`])

describe('the server rejects, with the code that says why, a header with', () => {
  test.each(MALFORMED)('%s', async (what, code, header) => {
    const answer = await sendHeader(header(good))
    if (what === 'a DEL' && process.versions.bun === undefined) {
      // Node and Deno reject this header themselves, before the library sees it.
      expect(answer).toMatchObject({ status: 400, code: null })
      return
    }
    expect(answer.status).toBe(401)
    expect(answer.code).toBe(code)
    expect(JSON.parse(answer.body)).toMatchObject({ code, status: 401 })
    expect(answer.challenge).toMatch(/^MAC error="/)
  })

  const far: readonly [string, string][] = [
    ['1', 'ERR_MAC_TIMESTAMP_STALE'],
    ['9999999999999999', 'ERR_MAC_TIMESTAMP_AHEAD'],
  ]
  test.each(far)('the timestamp %s', async (ts, code) => {
    expect(await sendHeader(good({ ts }))).toMatchObject({ status: 401, code })
  })

  test.each([
    ["' or 1=1 --"],
    ["ada'; drop table mac_credentials; --"],
    ['%'],
    ['ada%00'],
    ['__proto__'],
  ])('the unknown id %s', async (id) => {
    const header = authorization({ id, key: 'key' }, `http://${host}/`)
    const answer = await sendHeader(header)
    expect(answer).toMatchObject({ status: 401, code: 'ERR_MAC_UNKNOWN_IDENTIFIER' })
    expect(await sendHeader(good())).toMatchObject({ status: 200 })
  })
})

/** If there is no Host, Deno invents an authority, as for HTTP/2. Nobody signed it: the MAC is wrong. */
function invented(what: string): string | null {
  return what === 'missing' && process.versions.deno !== undefined ? 'ERR_MAC_MISMATCH' : null
}

describe('the server or the library rejects', () => {
  test.each([
    ['64 KiB', () => `MAC id="${'a'.repeat(65_536)}"`],
    ['10,000 parameters', () => `MAC ${'a=1,'.repeat(10_000)}a=1`],
    ['a NUL', () => 'MAC id="a\0b"'],
    ['a control character', () => 'MAC id="a\x01b"'],
    ['a folded line', () => 'MAC id="a",\r\n ts="1"'],
  ])('%s', async (_, header) => {
    expect([400, 401, 431]).toContain((await sendHeader(header())).status)
  })

  test.each([['missing'], ['empty'], ['twice'], ['two'], ['a b'], ['a/b'], ['u@h'], ['h:99999']])(
    'this Host header: %s',
    async (what) => {
      const hosts: Record<string, string[]> = {
        missing: [],
        empty: ['Host: '],
        twice: [`Host: ${host}`, `Host: ${host}`],
        two: [`Host: ${host}`, 'Host: example.com'],
      }
      const answer = await send([...(hosts[what] ?? [`Host: ${what}`]), `Authorization: ${good()}`])
      expect([400, 401]).toContain(answer.status)
      if (answer.status === 401) expect(answer.code).toBe(invented(what) ?? 'ERR_MAC_HOST')
    },
  )

  test.each([
    ['MAC and MAC', () => [good(), good()]],
    ['Basic and MAC', () => ['Basic eA==', good()]],
  ])('two Authorization header fields: %s', async (_, headers) => {
    const fields = headers().map((header) => `Authorization: ${header}`)
    const answer = await send([`Host: ${host}`, ...fields])
    expect(answer).toMatchObject({ status: 401, code: 'ERR_MAC_CREDENTIALS_REPEATED' })
  })
})

test.each([['Basic eA=='], ['Bearer abc'], ['MACAROON id="a"'], ['']])(
  'a request with another scheme gets a bare challenge: %s',
  async (header) => {
    const answer = await sendHeader(header)
    expect(answer).toMatchObject({ status: 401, code: 'ERR_MAC_MISSING', challenge: 'MAC' })
  },
)

test('malformed headers never reach the handler, and valid ones do', async () => {
  const before = calls
  await sendHeader(but(good, /id="ada", /, ''))
  expect(calls).toBe(before)
  const accepted = [
    good({ nonce: 'n' }),
    good({ nonce: 'n'.repeat(512) }),
    good({ nonce: 'a:b=c/d+e' }),
    good().replace('MAC', 'mac'),
    good().replaceAll(', ', '\t,  '),
    good().replace(/ts="(\d+)"/, 'ts=$1'),
    `${good()}, ext="", unknown="1"`,
    good({ ts: Math.floor(Date.now() / 1000), ext: 'e'.repeat(7500) }),
  ]
  for (const header of accepted) expect((await sendHeader(header)).status).toBe(200)
  expect(calls).toBe(before + accepted.length)
})
