import { setImmediate } from 'node:timers/promises'
import { createMac, type Mac } from '../../src/index.ts'
import { macsAreEqual } from '../../src/protocol/signature.ts'
import { Clock } from '../support/clock.ts'
import { temporaryFolder } from '../support/folder.ts'
import { nonceRows } from '../support/nonce-rows.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, spyOn, test } from '../support/runner.ts'
import { authorization, type Signing, signed } from '../support/sign.ts'

const URL = 'http://example.com/a?b=1'
const clock = new Clock()
const KEY = { id: 'ada', key: 'a-key-that-holds-128-bits' }

/** Starts a server with one credential, on a database in memory or in a file. */
async function start(database = 'sqlite::memory:'): Promise<Mac> {
  const mac = createMac({ database, now: clock.now, onReject: () => {} })
  await mac.createCredential('ada', { ...KEY, expires: null, ifExists: 'keep' })
  return mac
}

const request = (signing: Signing = {}, url = URL) =>
  signed(KEY, url, { ts: clock.seconds, ...signing })
const send = (mac: Mac, sent: Request) => outcome(mac.withMac(() => new Response())(sent))
const sending = (header: string, url = URL) =>
  new Request(url, { headers: { authorization: header } })

describe('withmac has no such fault as the original Django package, which', () => {
  test('never signed the query string', async () => {
    const mac = await start()
    const header = authorization(KEY, URL, { ts: clock.seconds })
    expect(await send(mac, sending(header, 'http://example.com/a?b=2'))).toBe(
      '401 ERR_MAC_REJECTED',
    )
    expect(await send(mac, sending(header, 'http://example.com/a'))).toBe('401 ERR_MAC_REJECTED')
    expect(await send(mac, sending(header))).toBe('200')
  })

  test('never passed ext to the verifier', async () => {
    const mac = await start()
    const header = authorization(KEY, URL, { ts: clock.seconds, ext: 'a=1' })
    const changed = header.replace('a=1', 'a=2')
    expect(await send(mac, sending(changed))).toBe('401 ERR_MAC_REJECTED')
    expect(await send(mac, sending(header.replace('ext="a=1", ', '')))).toBe('401 ERR_MAC_REJECTED')
    expect(await send(mac, sending(header))).toBe('200')
  })

  test('stored the nonce before it checked the MAC, so that anyone could use nonces up', async () => {
    using folder = temporaryFolder()
    const mac = await start(`sqlite:${folder.path('mac.db')}`)
    const forged = request({ nonce: 'n', mac: 'AAAA' })
    for (let at = 0; at < 3; at++) expect(await send(mac, forged)).toBe('401 ERR_MAC_REJECTED')
    expect(await nonceRows(folder.path('mac.db'))).toBe(0)
    expect(await send(mac, request({ nonce: 'n' }))).toBe('200')
    await mac.close()
  })

  test('read and then wrote the nonce, so that two simultaneous copies were both accepted', async () => {
    const mac = await start()
    const copies = [request({ nonce: 'n' }), request({ nonce: 'n' })]
    const answers = await Promise.all(copies.map((copy) => send(mac, copy)))
    expect(answers.toSorted()).toEqual(['200', '401 ERR_MAC_REPLAY'])
  })

  test('answered 500 to a ts that is not an integer', async () => {
    const mac = await start()
    for (const ts of ['abc', '1.5', '-1', '1e9', '']) {
      const answer = await send(mac, request({ ts }))
      expect(answer).toBe(
        ts === '' ? '401 ERR_MAC_PARAMETER_EMPTY' : '401 ERR_MAC_TIMESTAMP_SYNTAX',
      )
    }
  })

  test('did not compare timestamps', async () => {
    const mac = await start()
    expect(await send(mac, request({ ts: 1 }))).toBe('401 ERR_MAC_TIMESTAMP_STALE')
  })

  test('made keys with a predictable generator', async () => {
    const mac = await start()
    const random = spyOn(Math, 'random').mockReturnValue(0.5)
    try {
      const keys = [await mac.createCredential('a'), await mac.createCredential('b')]
      expect(keys[0]?.key).not.toBe(keys[1]?.key)
      expect(keys[0]?.id).not.toBe(keys[1]?.id)
    } finally {
      random.mockRestore()
    }
  })

  test('limited nonces to 16 characters', async () => {
    const mac = await start()
    const long = 'n'.repeat(64)
    expect(await send(mac, request({ nonce: `${long}1` }))).toBe('200')
    expect(await send(mac, request({ nonce: `${long}2` }))).toBe('200')
    expect(await send(mac, request({ nonce: `${long}1` }))).toBe('401 ERR_MAC_REPLAY')
  })

  test('returned the normalized request string in the body of the 401', async () => {
    const mac = await start()
    const nonce = 'a-nonce-to-find'
    const answer = await mac.withMac(() => new Response())(request({ nonce, mac: 'AAAA' }))
    expect(answer.status).toBe(401)
    const all = `${await answer.text()}${JSON.stringify([...answer.headers])}`
    for (const part of [nonce, String(clock.seconds), 'example.com', '/a?b=1']) {
      expect(all).not.toContain(part)
    }
  })

  test('never removed nonces', async () => {
    using folder = temporaryFolder()
    const mac = await start(`sqlite:${folder.path('mac.db')}`)
    expect(await send(mac, request())).toBe('200')
    // The cleanup after a request must end before the next request.
    for (let turn = 0; turn < 10; turn++) await setImmediate()
    clock.seconds += 1000
    expect(await send(mac, request())).toBe('200')
    for (let turn = 0; turn < 10; turn++) await setImmediate()
    expect(await nonceRows(folder.path('mac.db'))).toBe(1)
    await mac.close()
  })
})

describe('withmac has no such fault as macauthlib, which', () => {
  test('forgot the learned clock offset, and accepted an old request as the first one', async () => {
    using folder = temporaryFolder()
    const database = `sqlite:${folder.path('mac.db')}`
    const options = { database, now: clock.now, clockOffset: { maxSeconds: 3600 } }
    const before = createMac(options)
    await before.createCredential('ada', { ...KEY, expires: null })
    const old = authorization(KEY, URL, { ts: clock.seconds - 2000 })
    expect(await send(before, sending(old))).toBe('200')
    await before.close()
    const after = createMac(options)
    expect(await send(after, sending(old))).toBe('401 ERR_MAC_REPLAY')
    const other = request({ ts: clock.seconds })
    expect(await send(after, other)).toBe('401 ERR_MAC_TIMESTAMP_AHEAD')
    await after.close()
  })

  test('used the last value of a repeated parameter', async () => {
    const mac = await start()
    const header = authorization(KEY, URL, { ts: clock.seconds })
    const twice = header.replace('MAC ', 'MAC id="eve", ')
    expect(await send(mac, sending(twice))).toBe('401 ERR_MAC_PARAMETER_REPEATED')
  })

  test('split host and port wrongly for IPv6', async () => {
    const mac = await start()
    for (const url of ['http://[2001:db8::1]:8080/a', 'http://[2001:db8::1]/a']) {
      expect(await send(mac, request({}, url))).toBe('200')
    }
    const wrong = request({ host: '[2001', port: '80' }, 'http://[2001:db8::1]/a')
    expect(await send(mac, wrong)).toBe('401 ERR_MAC_REJECTED')
  })

  test('encoded the path again before it computed the MAC', async () => {
    const mac = await start()
    for (const path of ['/a%2Fb', '/a%7eb', '/%e2%82%ac?q=%3D%253D', '/a;b=1', '/?a+b']) {
      expect(await send(mac, request({}, `http://example.com${path}`))).toBe('200')
    }
    const other = request({ target: '/a/b' }, 'http://example.com/a%2Fb')
    expect(await send(mac, other)).toBe('401 ERR_MAC_REJECTED')
  })
})

describe('withmac has no such fault as rack-oauth2, which', () => {
  test('had no nonce store', async () => {
    const mac = await start()
    expect(await send(mac, request({ nonce: 'n' }))).toBe('200')
    expect(await send(mac, request({ nonce: 'n' }))).toBe('401 ERR_MAC_REPLAY')
  })

  test('accepted timestamps at any time in the future', async () => {
    const mac = await start()
    expect(await send(mac, request({ ts: clock.seconds + 301 }))).toBe(
      '401 ERR_MAC_TIMESTAMP_AHEAD',
    )
    expect(await send(mac, request({ ts: '4102444800' }))).toBe('401 ERR_MAC_TIMESTAMP_AHEAD')
  })

  test('trusted X-Forwarded-Host by default', async () => {
    const mac = await start()
    const headers = {
      authorization: authorization(KEY, 'http://evil.example/a', { ts: clock.seconds }),
      'x-forwarded-host': 'evil.example',
    }
    const forged = new Request('http://example.com/a', { headers })
    expect(await send(mac, forged)).toBe('401 ERR_MAC_REJECTED')
  })

  test('compared MACs with ==, which stops at the first difference', async () => {
    const expected = 'Xt51rtHY5F+jxKXMCoiKgXa3geofWW/7RANCXB1yu08='
    const read: number[] = []
    const sent = Object.assign(Object.create(null), {
      length: expected.length,
      charCodeAt: (at: number) => {
        read.push(at)
        return 0x41
      },
    }) as string
    expect(macsAreEqual(sent, expected)).toBe(false)
    expect(read).toEqual(Array.from(expected, (_, at) => at))
    expect(macsAreEqual(expected, expected)).toBe(true)
  })
})

describe('withmac has no such fault as hawkrest and others, which', () => {
  test('checked a nonce by get and then set, so that simultaneous copies were accepted', async () => {
    using folder = temporaryFolder()
    const database = `sqlite:${folder.path('mac.db')}`
    const macs = [await start(database), await start(database)]
    const copies = Array.from({ length: 16 }, () => request({ nonce: 'n' }))
    const answers = await Promise.all(copies.map((copy, at) => send(macs[at % 2] as Mac, copy)))
    expect(answers.filter((answer) => answer === '200')).toHaveLength(1)
    expect(answers.filter((answer) => answer === '401 ERR_MAC_REPLAY')).toHaveLength(15)
    await Promise.all(macs.map((mac) => mac.close()))
  })
})
