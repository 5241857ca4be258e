import { setTimeout } from 'node:timers/promises'
import type { Mac, MacOptions } from '../../../src/index.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { limited } from '../../support/limited.ts'
import { expect, spyOn, test } from '../../support/runner.ts'
import { sendFrom } from '../../support/send-from.ts'
import type { StoreServer } from '../../support/servers/store-server.ts'
import type { Key } from '../../support/sign.ts'
import { startServer } from '../../support/start-server.ts'

const STRANGER = { id: 'nobody', key: 'guessed' }
const LIMITED = '429 ERR_MAC_RATE_LIMITED'
const TWO = { requests: 2, seconds: 60 }
const THREE = { requests: 3, seconds: 60 }
let count = 0
/** @returns An address or identifier that no other test uses. */
const fresh = () => `192.0.2.${++count}`

type RateLimitOptions = NonNullable<MacOptions['rateLimit']>

/** Makes a Mac that counts its limits in the store. It is closed at the end of the scope. */
function over(store: RateLimitOptions['store'], limits: RateLimitOptions) {
  const server = limited({ rateLimit: { ...limits, store } })
  return { ...server, [Symbol.asyncDispose]: () => server.mac.close() }
}

/** Creates the same credential in the databases of all Macs. */
async function sameIn(id: string, ...macs: readonly Mac[]): Promise<Key> {
  const key = 'a-key-that-holds-128-bits'
  for (const mac of macs) await mac.createCredential('ada', { id, key })
  return { id, key }
}

/** The tests for every store that processes share. */
export function sharedContract(server: StoreServer): void {
  test('two Macs share one count of requests', async () => {
    await using one = over(server.url, { requests: TWO })
    await using other = over(server.url, { requests: TWO })
    const ada = await sameIn(fresh(), one.mac, other.mac)
    expect(await one.send(ada)).toBe('200')
    const { headers } = await other.answer(ada)
    expect(headers.get('ratelimit')).toMatch(/^"requests";r=0;t=(?:60|5\d)$/)
    expect([await one.send(ada), await other.send(ada)]).toEqual([LIMITED, LIMITED])
  })

  test('two Macs share one count of failures', async () => {
    await using one = over(server.url, { failures: THREE })
    await using other = over(server.url, { failures: THREE })
    const address = fresh()
    for (const { send } of [one, other, one]) {
      expect(await send(STRANGER, address)).toBe('401 ERR_MAC_REJECTED')
    }
    for (const { send } of [other, one, other]) {
      expect(await send(STRANGER, address)).toBe('429 ERR_MAC_FAILURES_LIMITED')
    }
    expect(await other.send(STRANGER, fresh())).toBe('401 ERR_MAC_REJECTED')
  })

  test('requests are accepted again after the window', async () => {
    await using one = over(server.url, { requests: { requests: 1, seconds: 3 } })
    const ada = await sameIn(fresh(), one.mac)
    expect([await one.send(ada), await one.send(ada)]).toEqual(['200', LIMITED])
    await setTimeout(3100)
    expect(await one.send(ada)).toBe('200')
  })

  test('identifiers of any length are counted separately', async () => {
    await using one = over(server.url, { requests: { requests: 1, seconds: 60 } })
    const long = 'x'.repeat(1000)
    const first = await sameIn(`${long}1`, one.mac)
    const second = await sameIn(`${long}2`, one.mac)
    expect([await one.send(first), await one.send(second)]).toEqual(['200', '200'])
    expect([await one.send(first), await one.send(second)]).toEqual([LIMITED, LIMITED])
  })

  test('processes share a count of failures per connection address', async () => {
    using folder = temporaryFolder()
    const database = `sqlite:${folder.path('mac.db')}`
    const rateLimit = { failures: THREE, store: server.url }
    await using one = await startServer({ database, rateLimit })
    await using other = await startServer({ database, rateLimit })
    const from = (address: string) => async (port: number) =>
      (await sendFrom(address, port, STRANGER)).status
    const [flooder, neighbour] = [from('127.0.0.2'), from('127.0.0.3')]
    expect([await flooder(one.port), await flooder(other.port)]).toEqual([401, 401])
    expect([await flooder(one.port), await flooder(other.port)]).toEqual([401, 429])
    expect([await flooder(one.port), await flooder(other.port)]).toEqual([429, 429])
    expect(await neighbour(other.port)).toBe(401)
  })

  test('while the store does not answer, requests are verified, and each Mac counts alone', async () => {
    const printed = spyOn(console, 'error').mockImplementation(() => {})
    await using one = over(server.url, { requests: TWO })
    try {
      const [ada, eve] = [await sameIn(fresh(), one.mac), await sameIn(fresh(), one.mac)]
      expect(await one.send(ada)).toBe('200')
      server.freeze()
      const start = performance.now()
      const outcomes = [await one.send(eve), await one.send(eve), await one.send(eve)]
      expect(outcomes).toEqual(['200', '200', LIMITED])
      for (let sent = 0; sent < 20; sent++) {
        expect(await one.send(await sameIn(fresh(), one.mac))).toBe('200')
      }
      // Some requests wait for the store. If all waited, this would take more than twenty seconds.
      expect(performance.now() - start).toBeLessThan(10_000)
      server.thaw()
      await setTimeout(1100)
      expect([await one.send(ada), await one.send(ada)]).toEqual(['200', LIMITED])
      expect(printed.mock.calls).toHaveLength(1)
      expect(String(printed.mock.calls[0]?.[0])).toContain('the store of rateLimit, failed')
    } finally {
      server.thaw()
      printed.mockRestore()
    }
  })

  test('after a restart of the store, requests are counted there again', async () => {
    const printed = spyOn(console, 'error').mockImplementation(() => {})
    try {
      await using one = over(server.url, { requests: TWO })
      await using other = over(server.url, { requests: TWO })
      const ada = await sameIn(fresh(), one.mac, other.mac)
      const eve = await sameIn(fresh(), one.mac, other.mac)
      expect(await one.send(eve)).toBe('200')
      await server.stop()
      expect([await one.send(ada), await other.send(ada)]).toEqual(['200', '200'])
      expect([await one.send(ada), await other.send(ada)]).toEqual(['200', '200'])
      expect([await one.send(ada), await other.send(ada)]).toEqual([LIMITED, LIMITED])
      await server.start()
      const bob = await sameIn(fresh(), one.mac, other.mac)
      await untilShared(one, other)
      expect([await one.send(bob), await other.send(bob)]).toEqual(['200', '200'])
      expect([await one.send(bob), await other.send(bob)]).toEqual([LIMITED, LIMITED])
    } finally {
      printed.mockRestore()
    }
  })
}

/** The tests for a client that the application has opened. */
export function ownClientContract(name: string, make: () => Promise<OwnClient>): void {
  test(`${name} is used for the counts, and stays open`, async () => {
    const { client, ask, end } = await make()
    const one = over(client, { requests: TWO })
    const other = over(client, { requests: TWO })
    const ada = await sameIn(fresh(), one.mac, other.mac)
    expect([await one.send(ada), await other.send(ada)]).toEqual(['200', '200'])
    expect([await one.send(ada), await other.send(ada)]).toEqual([LIMITED, LIMITED])
    await one.mac.close()
    await other.mac.close()
    await ask()
    await end()
  })
}

/** A client that the application has opened. */
export interface OwnClient {
  readonly client: object
  /** Rejects if the client was closed. */
  ask(): Promise<unknown>
  end(): Promise<unknown>
}

/** Waits until both Macs count in the store again. */
async function untilShared(one: ReturnType<typeof limited>, other: ReturnType<typeof limited>) {
  for (let tries = 0; tries < 100; tries++) {
    const probe = await sameIn(`probe-${++count}`, one.mac, other.mac)
    const outcomes = [await one.send(probe), await other.send(probe), await one.send(probe)]
    if (outcomes[2] === LIMITED) return
    await setTimeout(100)
  }
  throw new Error('they did not use the store again within ten seconds')
}
