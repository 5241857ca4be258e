import type { MacOptions } from '../../src/index.ts'
import { captured, FLOODER, LIMITED, OTHER, THREE } from '../support/captured.ts'
import { limited } from '../support/limited.ts'
import { describe, expect, test } from '../support/runner.ts'
import type { Key } from '../support/sign.ts'
import { systemTime } from '../support/system-time.ts'

/** A server with a limit of three failures, and a credential whose key it has cached from another address. */
async function known(options: MacOptions = {}, key?: string) {
  const server = limited({ ...THREE, ...options })
  const short = key === undefined ? {} : { key, allowShortKey: true }
  const ada = await server.mac.createCredential('ada', short)
  expect(await server.send(ada, OTHER)).toBe('200')
  return { ...server, ada }
}

/** A key that is not the credential's. */
function guess({ id }: Key, at: number): Key {
  return { id, key: `guess-${at}` }
}

describe('an address that guesses the key of a cached credential', () => {
  test('is answered the same to the right key as to a wrong one, after as many as the limit allows', async () => {
    const { send, ada } = await known()
    for (let at = 0; at < 3; at++) {
      expect(await send(guess(ada, at), FLOODER)).toBe('401 ERR_MAC_REJECTED')
    }
    for (let at = 3; at < 100; at++) expect(await send(guess(ada, at), FLOODER)).toBe(LIMITED)
    expect(await send(ada, FLOODER)).toBe(LIMITED)
  })

  test('has the right key told from wrong ones no longer for sending two thousand at once', async () => {
    const { send, ada } = await known()
    const wrong = Array.from({ length: 2000 }, (_, at) => send(guess(ada, at), FLOODER))
    const right = send(ada, FLOODER)
    expect(await right).toBe(LIMITED)
    expect((await Promise.all(wrong)).filter((became) => became !== LIMITED)).toHaveLength(3)
  })

  test('does not lock the credential out anywhere else', async () => {
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

  test('does not lock it out at its own address, if it has signed from there before', async () => {
    const { send, mac } = limited(THREE)
    const ada = await mac.createCredential('ada')
    expect(await send(ada, FLOODER)).toBe('200')
    for (let at = 0; at < 100; at++) await send(guess(ada, at), FLOODER)
    for (let sent = 0; sent < 3; sent++) expect(await send(ada, FLOODER)).toBe('200')
  })

  test('does not lock out a credential that has moved there some seconds ago', async () => {
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
    // Whenever it is time to ask for the address, the other one is first.
    for (let round = 0; round < 400; round++) {
      time.advance(5)
      for (let at = 0; at < 3; at++) expect(await send(ada, OTHER, now())).toBe('200')
      expect(await send(ada, FLOODER, now())).toBe('200')
    }
    for (let at = 0; at < 20; at++) await send(guess(ada, at), FLOODER, now())
    expect(await send(ada, FLOODER, now())).toBe('200')
  })

  test('does not lock out a credential that has moved there while the address was exhausted', async () => {
    const { send, ada } = await known()
    for (let at = 0; at < 3; at++) await send({ id: 'nobody', key: 'guessed' }, FLOODER)
    expect(await send(ada, FLOODER)).toBe('200')
    for (let at = 0; at < 20; at++) await send(guess(ada, at), FLOODER)
    expect(await send(ada, FLOODER)).toBe('200')
  })

  test('locks it out there if it has not signed from there for an hour', async () => {
    using time = systemTime()
    const { send, ada } = await known()
    time.advance(10)
    expect(await send(ada, FLOODER, now())).toBe('200')
    time.advance(3600)
    expect(await send(ada, OTHER, now())).toBe('200')
    for (let at = 0; at < 20; at++) await send(guess(ada, at), FLOODER, now())
    expect(await send(ada, FLOODER, now())).toBe(LIMITED)
  })

  test('locks it out there if its key is short enough to be guessed', async () => {
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

  test('has the credential looked up there while the address is not exhausted', async () => {
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

  test('is not taken for one that the credential signs from because of replays', async () => {
    const { send, ada, copy } = await captured()
    for (let sent = 0; sent < 5; sent++) expect(await send(ada, FLOODER, copy)).toBe(LIMITED)
    for (let at = 0; at < 20; at++) await send(guess(ada, at), FLOODER)
    expect(await send(ada, FLOODER)).toBe(LIMITED)
  })

  test('locks nobody out by wrong MACs in names that no cached credential has', async () => {
    const { send, ada } = await known()
    for (let at = 0; at < 200; at++) await send({ id: `made-up-${at}`, key: 'k' }, FLOODER)
    expect(await send(ada, FLOODER)).toBe('200')
  })
})

describe('an address that guesses the key of a credential that is not cached', () => {
  test('has no more keys told from wrong ones for sending two thousand at once', async () => {
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

  test('is accepted with the right one until it is exhausted, however many come at once', async () => {
    const { send, mac } = limited(THREE)
    const all = await Promise.all(Array.from({ length: 50 }, (_, at) => mac.createCredential(at)))
    const became = await Promise.all(all.map((each) => send(each, FLOODER)))
    expect(new Set(became)).toEqual(new Set(['200']))
  })
})

/** A timestamp by the system's clock, which a test moves. */
function now() {
  return { ts: Math.floor(Date.now() / 1000) }
}
