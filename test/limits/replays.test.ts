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

describe('a replay of a known credential’s request, from an address that is exhausted', () => {
  test('asks the store to write nothing', async () => {
    const { send, ada, copy } = await captured()
    using heard = hearing()
    for (let sent = 0; sent < 20; sent++) expect(await send(ada, FLOODER, copy)).toBe(LIMITED)
    expect(heard.batch).toEqual([])
  })

  test('asks the database nothing, as it does from any other address', async () => {
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

  test('is told when it may try again, as all that comes from there', async () => {
    using _time = systemTime()
    const { answer, ada, copy } = await captured()
    for (let sent = 0; sent < 2; sent++) {
      const { status, headers } = await answer(ada, FLOODER, copy)
      expect([status, headers.get('retry-after')]).toEqual([429, '60'])
      expect(headers.get('ratelimit')).toBe('"failures";r=0;t=60')
    }
  })

  test('is told that it is one, also when a copy of it is under way', async () => {
    const { answer, ada, copy } = await captured()
    const told = 'MAC error="The nonce was used before."'
    const challenges = (answers: Response[]) =>
      answers.map(({ status, headers }) => [status, headers.get('www-authenticate')])
    expect(challenges([await answer(ada, FLOODER, copy)])).toEqual([[429, told]])
    const fresh = { ts: now(), nonce: 'fresh' }
    const atOnce = await times(3, () => answer(ada, FLOODER, fresh))
    expect(challenges(atOnce)).toEqual([
      [200, null],
      [429, told],
      [429, told],
    ])
    // Who has not the right MAC learns nothing of the nonce.
    expect(challenges([await answer({ ...ada, key: 'guessed' }, FLOODER, copy)])).toEqual([
      [429, null],
    ])
  })

  test('does not fill the store’s queue with its copies, which keeps nobody else out', async () => {
    const { send, ada, copy } = await captured()
    using heard = hearing()
    const flood = times(12_000, () => send(ada, FLOODER, copy))
    expect(await send(ada, OTHER)).toBe('200')
    expect(new Set(await flood)).toEqual(new Set([LIMITED]))
    const recorded = heard.batch.reduce((sum, { size }) => sum + size, 0)
    expect(recorded).toBe(1)
  })

  test('does not have its body read', async () => {
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

  test('is judged by its nonce as ever once the window is over', async () => {
    using time = systemTime()
    const { send, ada, copy } = await captured()
    for (let sent = 0; sent < 2; sent++) expect(await send(ada, FLOODER, copy)).toBe(LIMITED)
    time.advance(60)
    expect(await send(ada, FLOODER, copy)).toBe('401 ERR_MAC_REPLAY')
  })
})

test('from another address a replay is refused as what it is', async () => {
  const { send, ada, copy } = await captured()
  expect(await send(ada, FLOODER, copy)).toBe(LIMITED)
  expect(await send(ada, OTHER, copy)).toBe('401 ERR_MAC_REPLAY')
})

test('while no address is exhausted, the address of a known credential is seldom asked for', async () => {
  const asked: (string | undefined)[] = []
  const clientAddress = (_request: Request, from?: string) => {
    asked.push(from)
    return from
  }
  const { send, mac } = limited({ ...THREE, clientAddress })
  const ada = await mac.createCredential('ada')
  expect(await send(ada, OTHER)).toBe('200')
  asked.length = 0
  // One in sixteen is, by chance.
  for (let sent = 0; sent < 100; sent++) expect(await send(ada, OTHER)).toBe('200')
  expect(asked.length).toBeLessThan(40)
})

test('an address that cannot be had keeps no known credential out', async () => {
  let fails = false
  const clientAddress = (_request: Request, from?: string) => (fails ? JSON.parse('{') : from)
  const { send, ada } = await captured({ clientAddress })
  fails = true
  expect(await send(ada, FLOODER)).toBe('200')
})

test('without a limit of failures each replay is judged by its nonce', async () => {
  const mac = createMac({ database: 'sqlite::memory:' })
  const ada = await mac.createCredential('ada')
  const app = mac.withMac(() => new Response(), { onReject() {} })
  const request = withBody(ada, 'http://example.com/a', null)
  expect(await outcome(app(request.clone()))).toBe('200')
  for (let sent = 0; sent < 3; sent++) {
    expect(await outcome(app(request.clone()))).toBe('401 ERR_MAC_REPLAY')
  }
})
