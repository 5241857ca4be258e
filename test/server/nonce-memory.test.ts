import { createMac, type Mac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, spyOn, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'

const NOW = 1_700_000_000
const URL = 'http://api.example.com/orders'
const KEY = { id: 'ada', key: 'a key for tests that is long enough' }

/** Opens Macs on one database, each with memory for so many nonces, and records console.error. */
async function macsWith(...most: readonly number[]) {
  const folder = temporaryFolder()
  const printed = spyOn(console, 'error').mockImplementation(() => {})
  const open = (maxNoncesInMemory: number) =>
    createMac({ database: `sqlite:${folder.path('mac.db')}`, maxNoncesInMemory, now: () => NOW })
  const macs = most.map(open)
  await macs[0]?.createCredential('ada', KEY)
  return {
    ...{ macs, open },
    printed: () => printed.mock.calls.map(([text]) => String(text)),
    async [Symbol.asyncDispose]() {
      await Promise.all(macs.map((mac) => mac.close()))
      printed.mockRestore()
      folder[Symbol.dispose]()
    },
  }
}

/** @returns `accepted`, or the code of the rejection. */
async function send(mac: Mac, nonce: string, ts: number): Promise<string> {
  const verdict = await mac.verify(signed(KEY, URL, { ts, nonce }))
  return verdict.ok ? 'accepted' : verdict.error.code
}

/** Sends nonces of one timestamp, up to 100 at once. @returns The different outcomes. */
async function flood(mac: Mac, name: string, ts: number, many: number): Promise<Set<string>> {
  const outcomes = new Set<string>()
  for (let at = 0; at < many; at += 100) {
    const some = Array.from({ length: Math.min(100, many - at) }, (_, number) =>
      send(mac, `${name}-${at + number}`, ts),
    )
    for (const outcome of await Promise.all(some)) outcomes.add(outcome)
  }
  return outcomes
}

test('if a client with a valid key floods, old timestamps are rejected and no replay is accepted', async () => {
  await using opened = await macsWith(1000)
  const [mac] = opened.macs as [Mac]
  expect(await flood(mac, 'early', NOW - 200, 500)).toEqual(new Set(['accepted']))
  expect(await flood(mac, 'late', NOW, 500)).toEqual(new Set(['accepted']))
  expect(opened.printed()).toEqual([])

  expect(await send(mac, 'one more', NOW)).toBe('accepted')
  const stale = new Set(['ERR_MAC_TIMESTAMP_STALE'])
  expect(await flood(mac, 'early', NOW - 200, 500)).toEqual(stale)
  expect(await flood(mac, 'new, and early', NOW - 200, 10)).toEqual(stale)
  expect(await flood(mac, 'late', NOW, 500)).toEqual(new Set(['ERR_MAC_REPLAY']))
  expect(await send(mac, 'later', NOW)).toBe('accepted')
  expect(opened.printed()).toHaveLength(1)
  expect(opened.printed()[0]).toContain('more than 1000 nonces')
  expect(opened.printed()[0]).toContain('maxNoncesInMemory')
})

test('after a flood with one timestamp, only that timestamp is rejected', async () => {
  await using opened = await macsWith(1000)
  const [mac] = opened.macs as [Mac]
  expect(await flood(mac, 'n', NOW, 1001)).toEqual(new Set(['accepted']))
  expect(await flood(mac, 'n', NOW, 1001)).toEqual(new Set(['ERR_MAC_TIMESTAMP_STALE']))
  expect(await send(mac, 'a moment later', NOW + 40)).toBe('accepted')
})

test('timestamps that were forgotten stay rejected after a restart', async () => {
  await using opened = await macsWith(1000)
  const [mac] = opened.macs as [Mac]
  await flood(mac, 'early', NOW - 200, 500)
  await flood(mac, 'late', NOW, 501)
  await mac.close()
  const again = opened.open(1000)
  opened.macs.push(again)
  expect(await send(again, 'early-0', NOW - 200)).toBe('ERR_MAC_TIMESTAMP_STALE')
  expect(await send(again, 'late-0', NOW)).toBe('ERR_MAC_REPLAY')
  expect(await send(again, 'new', NOW)).toBe('accepted')
})

test('two servers on one database with different bounds each reject by their own bound', async () => {
  await using opened = await macsWith(1000, 5000)
  const [small, large] = opened.macs as [Mac, Mac]
  expect(await flood(large, 'early', NOW - 200, 700)).toEqual(new Set(['accepted']))
  expect(await flood(large, 'late', NOW, 700)).toEqual(new Set(['accepted']))
  // Only the server that remembers all nonces knows which one is new.
  expect(await send(small, 'new', NOW - 200)).toBe('ERR_MAC_TIMESTAMP_STALE')
  expect(await send(large, 'new', NOW - 200)).toBe('accepted')
  expect(await flood(small, 'early', NOW - 200, 700)).toEqual(new Set(['ERR_MAC_TIMESTAMP_STALE']))
  expect(await flood(large, 'early', NOW - 200, 700)).toEqual(new Set(['ERR_MAC_REPLAY']))
  for (const mac of opened.macs) {
    expect(await flood(mac, 'late', NOW, 700)).toEqual(new Set(['ERR_MAC_REPLAY']))
  }
  expect(await send(small, 'both know it', NOW)).toBe('accepted')
  expect(await send(large, 'both know it', NOW)).toBe('ERR_MAC_REPLAY')
})
