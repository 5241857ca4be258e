import { Kysely } from 'kysely'
import { createMac } from '../../src/index.ts'
import { boundExt, streamOf, withBody } from '../support/bound.ts'
import { captured, FLOODER, LIMITED, now, OTHER, THREE, times } from '../support/captured.ts'
import { hearing } from '../support/hearing.ts'
import { limited } from '../support/limited.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { applicationDialect, openDatabase } from '../support/sqlite.ts'
import { systemTime } from '../support/system-time.ts'

describe('a replay of a cached credential’s request, from an exhausted address,', () => {
  test('writes nothing', async () => {
    const { send, ada, copy } = await captured()
    using heard = hearing()
    for (let sent = 0; sent < 20; sent++) expect(await send(ada, FLOODER, copy)).toBe(LIMITED)
    expect(heard.batch).toEqual([])
  })

  test('causes no query; from another address it does', async () => {
    const asked: string[] = []
    const dialect = await applicationDialect(openDatabase(':memory:'))
    const database = new Kysely({ dialect, log: ({ query }) => void asked.push(query.sql) })
    const { send, ada, copy } = await captured({ database })
    asked.length = 0
    for (let sent = 0; sent < 20; sent++) expect(await send(ada, FLOODER, copy)).toBe(LIMITED)
    expect(asked).toEqual([])
    expect(await send(ada, OTHER, copy)).toBe('401 ERR_MAC_REPLAY')
    expect(asked).not.toEqual([])
  })

  test('gets Retry-After, like every request from there', async () => {
    using _time = systemTime()
    const { answer, ada, copy } = await captured()
    for (let sent = 0; sent < 2; sent++) {
      const { status, headers } = await answer(ada, FLOODER, copy)
      expect([status, headers.get('retry-after')]).toEqual([429, '60'])
      expect(headers.get('ratelimit')).toBe('"failures";r=0;t=60')
    }
  })

  test('gets a challenge that says so, also while the original request is being verified', async () => {
    const { answer, ada, copy } = await captured()
    const replay = 'MAC error="The nonce was used before."'
    const challenges = (answers: Response[]) =>
      answers.map(({ status, headers }) => [status, headers.get('www-authenticate')])
    expect(challenges([await answer(ada, FLOODER, copy)])).toEqual([[429, replay]])
    const fresh = { ts: now(), nonce: 'fresh' }
    const atOnce = await times(3, () => answer(ada, FLOODER, fresh))
    expect(challenges(atOnce)).toEqual([
      [200, null],
      [429, replay],
      [429, replay],
    ])
    // A client without the right MAC learns nothing about the nonce.
    expect(challenges([await answer({ ...ada, key: 'guessed' }, FLOODER, copy)])).toEqual([
      [429, null],
    ])
  })

  test('does not fill the store’s queue, so that other requests are accepted', async () => {
    const { send, ada, copy } = await captured()
    using heard = hearing()
    const flood = times(12_000, () => send(ada, FLOODER, copy))
    expect(await send(ada, OTHER)).toBe('200')
    expect(new Set(await flood)).toEqual(new Set([LIMITED]))
    const recorded = heard.batch.reduce((sum, { size }) => sum + size, 0)
    expect(recorded).toBe(1)
  })

  test('is rejected without reading its body', async () => {
    const { mac, ada } = await captured()
    const handler = (_request: Request, _from: string) => new Response()
    const app = mac.withMac(handler, { body: 'required', onReject() {} })
    let pulled = 0
    const signing = { ts: now(), nonce: 'with a body', ext: boundExt('body') }
    const send = (from: string) => {
      const body = streamOf(['body'], () => pulled++)
      return outcome(app(withBody(ada, 'http://example.com/a', body, signing), from))
    }
    expect(await send(OTHER)).toBe('200')
    expect(await send(FLOODER)).toBe(LIMITED)
    pulled = 0
    for (let sent = 0; sent < 5; sent++) expect(await send(FLOODER)).toBe(LIMITED)
    expect(pulled).toBe(0)
  })

  test('is rejected as a replay again once the window is over', async () => {
    using time = systemTime()
    const { send, ada, copy } = await captured()
    for (let sent = 0; sent < 2; sent++) expect(await send(ada, FLOODER, copy)).toBe(LIMITED)
    time.advance(60)
    expect(await send(ada, FLOODER, copy)).toBe('401 ERR_MAC_REPLAY')
  })
})

test('a replay from another address is rejected as a replay', async () => {
  const { send, ada, copy } = await captured()
  expect(await send(ada, FLOODER, copy)).toBe(LIMITED)
  expect(await send(ada, OTHER, copy)).toBe('401 ERR_MAC_REPLAY')
})

test('while no address is exhausted, clientAddress is seldom called for a cached credential', async () => {
  const asked: (string | undefined)[] = []
  const clientAddress = (_request: Request, from?: string) => {
    asked.push(from)
    return from
  }
  const { send, mac } = limited({ ...THREE, clientAddress })
  const ada = await mac.createCredential('ada')
  expect(await send(ada, OTHER)).toBe('200')
  asked.length = 0
  // It is called for one request in sixteen, by chance.
  for (let sent = 0; sent < 100; sent++) expect(await send(ada, OTHER)).toBe('200')
  expect(asked.length).toBeLessThan(40)
})

test('a cached credential is accepted even if clientAddress fails', async () => {
  let fails = false
  const clientAddress = (_request: Request, from?: string) => (fails ? JSON.parse('{') : from)
  const { send, ada } = await captured({ clientAddress })
  fails = true
  expect(await send(ada, FLOODER)).toBe('200')
})

test('without a limit of failures, each replay is rejected as a replay', async () => {
  const mac = createMac({ database: 'sqlite::memory:' })
  const ada = await mac.createCredential('ada')
  const app = mac.withMac(() => new Response(), { onReject() {} })
  const request = withBody(ada, 'http://example.com/a', null)
  expect(await outcome(app(request.clone()))).toBe('200')
  for (let sent = 0; sent < 3; sent++) {
    expect(await outcome(app(request.clone()))).toBe('401 ERR_MAC_REPLAY')
  }
})
