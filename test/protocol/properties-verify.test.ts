import fc from 'fast-check'
import type { MacAlgorithm } from '../../src/index.ts'
import { expect, test } from '../support/runner.ts'
import { authorization } from '../support/sign.ts'
import { host, method, plain, target, timestamp } from './arbitraries.ts'
import { fixedMac, outcome, type Shown, shownRequest } from './fixed-mac.ts'

/** Everything that the MAC covers, the MAC itself, and the scheme, which decides the default port. */
interface Sent {
  readonly scheme: string
  readonly method: string
  readonly target: string
  readonly host: string
  /** Empty for the default port of the scheme. */
  readonly port: string
  readonly id: string
  readonly ts: string
  readonly nonce: string
  readonly ext: string
  readonly mac: string
}

type Changed = Exclude<keyof Sent, 'scheme'>
const CHANGED = ['method', 'target', 'host', 'port', 'id', 'ts', 'nonce', 'ext', 'mac'] as const

const unsigned = fc.record({
  scheme: fc.constantFrom('http', 'https'),
  method,
  target,
  host,
  port: fc.oneof(fc.constant(''), fc.integer({ min: 1, max: 65_535 }).map(String)),
  id: plain(30, 1),
  ts: timestamp.filter((ts) => Number(ts) <= Number.MAX_SAFE_INTEGER),
  nonce: plain(64, 1),
  ext: plain(64),
})
const algorithm = fc.constantFrom<MacAlgorithm>('hmac-sha-1', 'hmac-sha-256')

test('any request that is signed by the rules of the draft is accepted once', async () => {
  await fc.assert(
    fc.asyncProperty(unsigned, plain(80, 1), algorithm, async (request, key, algorithm) => {
      const sent = signedBy(request, key, algorithm)
      await using mac = await fixedMac(Number(sent.ts), [{ id: sent.id, key, algorithm }])
      const verdict = await mac.verify(shownRequest(shown(sent)))
      expect(verdict.ok ? verdict.identity : verdict.error).toMatchObject({
        id: sent.id,
        nonce: sent.nonce,
        timestamp: Number(sent.ts),
        ext: sent.ext === '' ? null : sent.ext,
      })
      expect(await outcome(mac, shown(sent))).toBe('ERR_MAC_REPLAY')
    }),
    { numRuns: 400 },
  )
})

test('a request with one changed character is rejected, and does not use up the nonce', async () => {
  const refusals = new Map<Changed, Set<string>>(CHANGED.map((name) => [name, new Set()]))
  const change = fc.record({
    name: fc.constantFrom(...CHANGED),
    at: fc.nat(),
    character: fc.oneof(
      fc.constantFrom('', '0', '1', 'a', '/', '='),
      fc.stringMatching(/^[\x20-\x7e]$/),
    ),
    removed: fc.nat(1),
  })
  await fc.assert(
    fc.asyncProperty(unsigned, change, async (request, { name, at, character, removed }) => {
      const good = signedBy(request, 'a key', 'hmac-sha-256')
      const place = at % (good[name].length + 1)
      const [before, after] = [good[name].slice(0, place), good[name].slice(place + removed)]
      const changed = { ...good, [name]: before + character + after }
      fc.pre(JSON.stringify(covered(good)) !== JSON.stringify(covered(changed)))
      const row = { id: good.id, key: 'a key', algorithm: 'hmac-sha-256' } as const
      await using mac = await fixedMac(Number(good.ts), [row])
      const answer = await outcome(mac, shown(changed))
      expect(answer).not.toBe('accepted')
      refusals.get(name)?.add(answer)
      expect(await outcome(mac, shown(good))).toBe('accepted')
    }),
    { numRuns: 1500 },
  )
  // Each element was rejected at least once because of the MAC, so the MAC covers all of them.
  for (const [name, codes] of refusals) {
    const expected = name === 'id' ? 'ERR_MAC_UNKNOWN_IDENTIFIER' : 'ERR_MAC_MISMATCH'
    expect([name, codes.has(expected)]).toEqual([name, true])
  }
})

/** Signs a request without the library. */
function signedBy(request: Omit<Sent, 'mac'>, key: string, algorithm: MacAlgorithm): Sent {
  const { scheme, id, ts, nonce, method, target, host, ext } = request
  const port = request.port === '' ? {} : { port: request.port }
  const signing = { ts, nonce, method, target, host, ext, ...port }
  const header = authorization({ id, key, algorithm }, `${scheme}://x/`, signing)
  const mac = /, mac="([^"]*)"$/.exec(header)?.[1] as string
  return { ...request, mac }
}

function shown({ scheme, method, target, host, port, id, ts, nonce, ext, mac }: Sent): Shown {
  const covering = ext === '' ? '' : `, ext="${ext}"`
  const header = `MAC id="${id}", ts="${ts}", nonce="${nonce}"${covering}, mac="${mac}"`
  const authority = port === '' ? host : `${host}:${port}`
  return { scheme, method, target, host: authority, authorization: header }
}

/**
 * Returns the parts of a request in which two requests differ for the server: no fragment, case or
 * default port.
 */
function covered({ scheme, method, target, host, port, ...rest }: Sent): object {
  const path = target.replace(/#.*$/, '')
  return {
    ...rest,
    method: method.toUpperCase(),
    target: path === '' ? '/' : path,
    host: host.toLowerCase(),
    port: port === '' ? { http: '80', https: '443' }[scheme] : port,
  }
}
