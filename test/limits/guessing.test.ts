import type { MacOptions } from '../../src/index.ts'
import { captured, FLOODER, LIMITED, OTHER, THREE } from '../support/captured.ts'
import { limited } from '../support/limited.ts'
import { describe, expect, test } from '../support/runner.ts'
import type { Key } from '../support/sign.ts'
import { systemTime } from '../support/system-time.ts'

/**
 * Starts a server with a limit of three failures, which has cached a credential used from another
 * address.
 */
async function known(options: MacOptions = {}, key?: string) {
  const server = limited({ ...THREE, ...options })
  const short = key === undefined ? {} : { key, allowShortKey: true }
  const ada = await server.mac.createCredential('ada', short)
  expect(await server.send(ada, OTHER)).toBe('200')
  return { ...server, ada }
}

/** Returns a wrong key for a credential. */
function guess({ id }: Key, at: number): Key {
  return { id, key: `guess-${at}` }
}

describe('an address that guesses the key of a cached credential', () => {
  test('gets the same answer to the right key as to a wrong one, once the limit is exhausted', async () => {
    const { send, ada } = await known()
    for (let at = 0; at < 3; at++) {
      expect(await send(guess(ada, at), FLOODER)).toBe('401 ERR_MAC_REJECTED')
    }
    for (let at = 3; at < 100; at++) expect(await send(guess(ada, at), FLOODER)).toBe(LIMITED)
    expect(await send(ada, FLOODER)).toBe(LIMITED)
  })

  test('learns no more by sending two thousand guesses at once', async () => {
    const { send, ada } = await known()
    const wrong = Array.from({ length: 2000 }, (_, at) => send(guess(ada, at), FLOODER))
    const right = send(ada, FLOODER)
    expect(await right).toBe(LIMITED)
    expect((await Promise.all(wrong)).filter((became) => became !== LIMITED)).toHaveLength(3)
  })

  test('does not lock out the credential at another address', async () => {
    const { send, ada } = await known()
    for (let at = 0; at < 20; at++) await send(guess(ada, at), FLOODER)
    expect(await send(ada, FLOODER)).toBe(LIMITED)
    for (let sent = 0; sent < 3; sent++) expect(await send(ada, OTHER)).toBe('200')
  })

  test('does not lock out other cached credentials at its own address', async () => {
    const { send, ada, mac } = await known()
    const eve = await mac.createCredential('eve')
    expect(await send(eve, OTHER)).toBe('200')
    for (let at = 0; at < 20; at++) await send(guess(ada, at), FLOODER)
    expect(await send(ada, FLOODER)).toBe(LIMITED)
    for (let sent = 0; sent < 3; sent++) expect(await send(eve, FLOODER)).toBe('200')
  })

  test('does not lock out the credential at its own address, if it has signed from there before', async () => {
    const { send, mac } = limited(THREE)
    const ada = await mac.createCredential('ada')
    expect(await send(ada, FLOODER)).toBe('200')
    for (let at = 0; at < 100; at++) await send(guess(ada, at), FLOODER)
    for (let sent = 0; sent < 3; sent++) expect(await send(ada, FLOODER)).toBe('200')
  })

  test('does not lock out a credential that first signed from there some seconds ago', async () => {
    using time = systemTime()
    const { send, ada } = await known()
    time.advance(10)
    expect(await send(ada, FLOODER, now())).toBe('200')
    for (let at = 0; at < 20; at++) await send(guess(ada, at), FLOODER, now())
    expect(await send(ada, FLOODER, now())).toBe('200')
  })

  test('does not lock out a credential that signs from there and, much more often, from elsewhere', async () => {
    using time = systemTime()
    const { send, ada } = await known()
    // Whenever the address is due to be read, the first request is from the other address.
    for (let round = 0; round < 400; round++) {
      time.advance(5)
      for (let at = 0; at < 3; at++) expect(await send(ada, OTHER, now())).toBe('200')
      expect(await send(ada, FLOODER, now())).toBe('200')
    }
    for (let at = 0; at < 20; at++) await send(guess(ada, at), FLOODER, now())
    expect(await send(ada, FLOODER, now())).toBe('200')
  })

  test('does not lock out a credential that first signed from there while the address was exhausted', async () => {
    const { send, ada } = await known()
    for (let at = 0; at < 3; at++) await send({ id: 'nobody', key: 'guessed' }, FLOODER)
    expect(await send(ada, FLOODER)).toBe('200')
    for (let at = 0; at < 20; at++) await send(guess(ada, at), FLOODER)
    expect(await send(ada, FLOODER)).toBe('200')
  })

  test('locks out the credential there if it has not signed from there for an hour', async () => {
    using time = systemTime()
    const { send, ada } = await known()
    time.advance(10)
    expect(await send(ada, FLOODER, now())).toBe('200')
    time.advance(3600)
    expect(await send(ada, OTHER, now())).toBe('200')
    for (let at = 0; at < 20; at++) await send(guess(ada, at), FLOODER, now())
    expect(await send(ada, FLOODER, now())).toBe(LIMITED)
  })

  test('locks out the credential there if its key is short enough to be guessed', async () => {
    const { send, ada } = await known({ clientAddress: () => FLOODER }, '489dks293j39')
    for (let at = 0; at < 20; at++) await send(guess(ada, at))
    expect(await send(ada)).toBe(LIMITED)
  })

  test('may try again when the window is over, as often as before', async () => {
    using time = systemTime()
    const { send, ada } = await known()
    for (let at = 0; at < 20; at++) await send(guess(ada, at), FLOODER, now())
    time.advance(59)
    expect(await send(ada, FLOODER, now())).toBe(LIMITED)
    time.advance(1)
    for (let at = 0; at < 3; at++) {
      expect(await send(guess(ada, at), FLOODER, now())).toBe('401 ERR_MAC_REJECTED')
    }
    expect(await send(ada, FLOODER, now())).toBe(LIMITED)
    time.advance(60)
    expect(await send(ada, FLOODER, now())).toBe('200')
  })

  test('causes a look-up of the credential while the address is not exhausted', async () => {
    using time = systemTime()
    const { send, ada } = await known()
    await send({ id: 'nobody', key: 'guessed' }, FLOODER, now())
    time.advance(30)
    for (let at = 0; at < 3; at++) await send(guess(ada, at), FLOODER, now())
    expect(await send(ada, FLOODER, now())).toBe(LIMITED)
    // Now the address is no longer exhausted, and the guesses still count.
    time.advance(30)
    expect(await send(ada, FLOODER, now())).toBe('200')
  })

  test('does not count as an address of the credential because of replays', async () => {
    const { send, ada, copy } = await captured()
    for (let sent = 0; sent < 5; sent++) expect(await send(ada, FLOODER, copy)).toBe(LIMITED)
    for (let at = 0; at < 20; at++) await send(guess(ada, at), FLOODER)
    expect(await send(ada, FLOODER)).toBe(LIMITED)
  })

  test('locks out no credential by wrong MACs with unknown identifiers', async () => {
    const { send, ada } = await known()
    for (let at = 0; at < 200; at++) await send({ id: `made-up-${at}`, key: 'k' }, FLOODER)
    expect(await send(ada, FLOODER)).toBe('200')
  })
})

describe('an address that guesses the key of a credential that is not cached', () => {
  test('learns no more by sending two thousand guesses at once', async () => {
    const { send, mac } = limited(THREE)
    const ada = await mac.createCredential('ada')
    const wrong = Array.from({ length: 2000 }, (_, at) => send(guess(ada, at), FLOODER))
    const right = send(ada, FLOODER)
    expect(await right).toBe(LIMITED)
    expect((await Promise.all(wrong)).filter((became) => became !== LIMITED)).toHaveLength(3)
    for (let at = 0; at < 3; at++) await send(guess(ada, at), FLOODER)
    expect(await send(ada, FLOODER)).toBe(LIMITED)
    expect(await send(ada, OTHER)).toBe('200')
  })

  test('is accepted with right keys while it is not exhausted, however many requests come at once', async () => {
    const { send, mac } = limited(THREE)
    const all = await Promise.all(Array.from({ length: 50 }, (_, at) => mac.createCredential(at)))
    const became = await Promise.all(all.map((each) => send(each, FLOODER)))
    expect(new Set(became)).toEqual(new Set(['200']))
  })
})

/** Returns a timestamp by the system's clock, which the test controls. */
function now() {
  return { ts: Math.floor(Date.now() / 1000) }
}
