import { createHmac } from 'node:crypto'
import { createMac, type Explanation, type MacOptions } from '../../src/index.ts'
import { outcome, wholeAnswer } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization, type Signing, signed } from '../support/sign.ts'

const URL = 'http://api.example.com/a?b=1'
const KEY = { id: 'ada', key: 'the key of ada, as it is' }
const NOW = 1_700_000_000
const options: MacOptions = { database: 'sqlite::memory:', now: () => NOW, onReject: () => {} }

async function serverWith(more: MacOptions = {}) {
  const mac = createMac({ ...options, ...more })
  await mac.createCredential('ada', { ...KEY, expires: null })
  return { mac, app: mac.withMac(() => new Response()) }
}

const { mac, app } = await serverWith({ debug: true })
const sign = (signing: Signing = {}, key = KEY) => signed(key, URL, { ts: NOW, ...signing })

async function explanationIn(answer: Response): Promise<Explanation | undefined> {
  return ((await answer.json()) as { explanation?: Explanation }).explanation
}

describe('with debug, the 401 explains to a client', () => {
  test('that it signed another port', async () => {
    const explanation = await explanationIn(await app(sign({ port: '443' })))
    expect(explanation).toMatchObject({
      code: 'ERR_MAC_MISMATCH',
      settings: { origin: 'https://api.example.com' },
      mistakes: [{ kind: 'port', side: 'server' }],
    })
    expect(explanation?.lines[5]).toEqual({ name: 'port', received: '80', signed: '443' })
  })

  test('that its timestamp is too old, or that its request is a replay', async () => {
    const late = await explanationIn(await app(sign({ ts: NOW - 301 })))
    expect(late?.code).toBe('ERR_MAC_TIMESTAMP_STALE')
    const request = sign()
    const copy = request.clone()
    expect(await outcome(app(request))).toBe('200')
    expect((await explanationIn(await app(copy)))?.code).toBe('ERR_MAC_REPLAY')
  })

  test('what is wrong with its malformed header, if the header names a credential', async () => {
    const header = authorization(KEY, URL, { ts: NOW }).replace(/="$/, '%3D"')
    const answer = await app(new Request(URL, { headers: { authorization: header } }))
    const { code, explanation } = (await answer.json()) as {
      code: string
      explanation: Explanation
    }
    expect(code).toBe('ERR_MAC_ENCODING')
    expect(explanation.mistakes.map(({ kind }) => kind)).toEqual(['mac-escaped'])
  })

  test('but reveals neither the key nor a MAC that the client did not send', async () => {
    const requests = [sign({ port: '443' }), sign({}, { ...KEY, key: 'x' }), sign({ mac: 'AAAA' })]
    for (const request of requests) {
      const all = JSON.stringify(await wholeAnswer(app(request.clone())))
      const [, ts, nonce] = /ts="(\d+)", nonce="([^"]+)"/.exec(
        request.headers.get('authorization') ?? '',
      ) as RegExpExecArray
      const text = `${ts}\n${nonce}\nGET\n/a?b=1\napi.example.com\n80\n\n`
      for (const hash of ['sha1', 'sha256']) {
        const expected = createHmac(hash, KEY.key).update(text).digest()
        for (const form of ['base64', 'base64url', 'hex'] as const) {
          expect(all).not.toContain(expected.toString(form))
        }
      }
      expect(all).not.toContain(KEY.key)
    }
  })
})

describe('with debug, the answer has no explanation', () => {
  test('for an unknown identifier: it is the same as without debug', async () => {
    const { app: silent } = await serverWith()
    const unknown = () => sign({ nonce: 'n' }, { ...KEY, id: 'nobody' })
    expect(await wholeAnswer(app(unknown()))).toEqual(await wholeAnswer(silent(unknown())))
  })

  test('for a request without credentials, or with a header that names none', async () => {
    expect(await explanationIn(await app(new Request(URL)))).toBeUndefined()
    const header = { headers: { authorization: 'MAC ts="1"' } }
    expect(await explanationIn(await app(new Request(URL, header)))).toBeUndefined()
  })

  test('if it is a 503', async () => {
    const failing = mac.withMac(() => new Response(), {
      ext: () => {
        throw new Error('of the application')
      },
    })
    const answer = await failing(sign())
    expect(answer.status).toBe(503)
    expect(await explanationIn(answer)).toBeUndefined()
  })
})

describe('debug is on', () => {
  test('for a handler that sets it, or that inherits it and does not turn it off', async () => {
    const { mac: silent } = await serverWith()
    const explained = silent.withMac(() => new Response(), { debug: true })
    expect(await explanationIn(await explained(sign({ port: '443' })))).toBeDefined()
    const other = mac.withMac(() => new Response(), { debug: false })
    expect(await explanationIn(await other(sign({ port: '443' })))).toBeUndefined()
  })

  test('for no handler by default', async () => {
    const { app: silent } = await serverWith()
    expect(await explanationIn(await silent(sign({ port: '443' })))).toBeUndefined()
  })
})

describe('if NODE_ENV is production,', () => {
  function inProduction(make: () => unknown, value = 'production'): string | null {
    const before = process.env.NODE_ENV
    process.env.NODE_ENV = value
    try {
      make()
      return null
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError)
      return (error as TypeError).message
    } finally {
      if (before === undefined) delete process.env.NODE_ENV
      else process.env.NODE_ENV = before
    }
  }
  const handler = () => new Response()

  test.each(['production', 'Production', ' production '])('debug is refused: %j', (value) => {
    const make = () => createMac({ ...options, debug: true })
    expect(inProduction(make, value)).toContain('debugEvenInProduction')
    expect(inProduction(() => mac.withMac(handler, { debug: true }), value)).toContain('debug')
  })

  test('debug needs debugEvenInProduction, and options without debug are accepted', () => {
    const forced = { debug: true, debugEvenInProduction: true }
    expect(inProduction(() => createMac({ ...options, ...forced }))).toBeNull()
    expect(inProduction(() => mac.withMac(handler, forced))).toBeNull()
    expect(inProduction(() => createMac({ ...options, debug: false }))).toBeNull()
    expect(inProduction(() => createMac({ ...options, debugEvenInProduction: true }))).toBeNull()
    expect(inProduction(() => createMac({ ...options, debug: true }), 'development')).toBeNull()
  })
})
