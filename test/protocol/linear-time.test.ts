import { parseAuthorization } from '../../src/protocol/authorization.ts'
import { readBodyExt } from '../../src/protocol/body-digest.ts'
import { formatChallenge, parseChallenge } from '../../src/protocol/challenge.ts'
import { forwardedAuthority } from '../../src/protocol/forwarded.ts'
import { parseAuthority } from '../../src/protocol/host.ts'
import { requestMethod } from '../../src/protocol/request-head.ts'
import { cutUrl } from '../../src/protocol/url-pieces.ts'
import { describe, expect, test } from '../support/runner.ts'

/** Texts that make slow parsers slow if they are repeated. */
const FILLERS = [
  ...['"', ',', ' ', '\t', '=', '\\', ';', 'a', '1', '/', '.', ':', '[', '?', '#', '\0', 'é', '-'],
  ...['a=', 'a=,', 'a="', 'a="",', '\\"', '"\\', ', ', ' ,', '" ', '",', ',\t', 'a ', 'a.', '1.'],
  ...[',MAC', ', MAC', ',  MAC,', 'MAC ', 'MAC a=b, ', ';"', '=,', '"a"', 'a="b", ', 'a,', '=='],
]

/**
 * Returns the time of the quickest of several runs, in milliseconds. It measures only the processor time
 * of this process, so other processes do not matter. It stops after a run below the floor, which is quick
 * enough.
 */
function time(work: () => unknown, floor: number): number {
  let quickest = Number.POSITIVE_INFINITY
  for (let run = 0; run < 9 && quickest >= floor; run++) {
    const start = process.cpuUsage()
    try {
      work()
    } catch {
      // A rejection must be quick too.
    }
    const { user, system } = process.cpuUsage(start)
    quickest = Math.min(quickest, (user + system) / 1000)
  }
  return quickest
}

/**
 * Expects that a text four times as long takes much less than sixteen times as long. The floors are far above
 * the time of a linear parser, and below that of a quadratic one.
 */
function expectLinear(name: string, length: number, read: (text: string) => unknown): void {
  const floor = length > 10_000 ? 25 : 5
  for (const filler of FILLERS) {
    const text = (size: number) => filler.repeat(size / filler.length)
    const long = time(() => read(text(4 * length)), floor)
    if (long < floor) continue
    expect([
      name,
      filler,
      growth(
        () => read(text(length)),
        () => read(text(4 * length)),
      ),
    ]).toEqual([name, filler, 'linear'])
  }
}

/** Compares two works. It tries three times, because a busy machine may disturb a measurement. */
function growth(short: () => unknown, long: () => unknown): string {
  let seen = ''
  for (let attempt = 0; attempt < 3; attempt++) {
    const [one, four] = [
      time(short, Number.POSITIVE_INFINITY),
      time(long, Number.POSITIVE_INFINITY),
    ]
    if (four < 10 * one) return 'linear'
    seen += `${four} ms for 4 times what takes ${one} ms; `
  }
  return seen
}

describe('the time is linear in the length for', () => {
  const starts = ['MAC ', 'MAC id="', 'MAC id=', 'MAC a="b"', 'MAC a', 'MAC ts="', 'MAC mac="AAAA']
  for (const start of starts) {
    test(`an Authorization header that starts with ${start}`, () => {
      expectLinear(start, 2000, (text) => parseAuthorization(start + text))
      expectLinear(start, 2000, (text) => parseAuthorization(`${start}${text}"`))
    })
  }

  // The length is not limited, because other schemes may use long tokens.
  for (const start of ['', 'Bearer ', 'Basic ,']) {
    test(`a header of another scheme that starts with ${JSON.stringify(start)}`, () => {
      expectLinear(start, 50_000, (text) => parseAuthorization(start + text))
    })
  }

  for (const start of ['', 'MAC ', 'MAC error="', 'Basic a=b, ', 'Negotiate a']) {
    test(`a challenge that starts with ${JSON.stringify(start)}`, () => {
      expectLinear(start, 2000, (text) => parseChallenge(start + text))
    })
  }

  test('a URL, its host, and a method', () => {
    expectLinear('url', 50_000, (text) => cutUrl(`http://${text}`))
    expectLinear('target', 50_000, (text) => cutUrl(`http://a/${text}\n`))
    expectLinear('host', 50_000, (text) => parseAuthority(text, 'http'))
    expectLinear('port', 50_000, (text) => parseAuthority(`a:${text}`, 'http'))
    expectLinear('IPv6', 50_000, (text) => parseAuthority(`[${text}]`, 'http'))
    const head = { url: 'http://a/', headers: new Headers() }
    expectLinear('method', 50_000, (text) => requestMethod({ ...head, method: text }))
  })

  test('X-Forwarded fields', () => {
    expectLinear('x-forwarded', 50_000, (text) => forwarded(`a.example${text}`, 'x-forwarded'))
  })

  for (const start of ['', 'a=:b:, ', `sha-256=:${'A'.repeat(43)}=:, `]) {
    test(`the digests in an ext that starts with ${JSON.stringify(start)}`, () => {
      expectLinear(start, 2000, (text) => readBodyExt(start + text))
      expectLinear(start, 2000, (text) => readBodyExt(`${start}${text}=:`))
    })
  }

  test('the error text of a challenge', () => {
    expectLinear('error', 50_000, (text) => formatChallenge({ error: text, ts: null, tsm: null }))
  })
})

test('Forwarded is quick up to 1024 characters, and rejected above that', () => {
  const starts = ['', '"', 'host="', 'host=a;x="', 'host', ' ', 'for="a\\']
  for (const start of starts) {
    for (const filler of [...FILLERS, '"\\\\', '\\\\"', 'a="\\"",', 'a="b";', ' ;', '";"', '","']) {
      const text = (start + filler.repeat(1024)).slice(0, 1024)
      const took = time(() => forwarded(text, 'forwarded'), 20)
      expect([start, filler, took < 20 || took]).toEqual([start, filler, true])
    }
  }
  const longer = time(() => forwarded('"\\"'.repeat(100_000), 'forwarded'), 20)
  expect(longer).toBeLessThan(20)
})

function forwarded(value: string, family: 'forwarded' | 'x-forwarded') {
  const url = { scheme: 'http', authority: 'a', target: '/' } as const
  const headers = { get: () => value }
  return forwardedAuthority({ method: 'GET', url: '', headers }, url, family)
}
