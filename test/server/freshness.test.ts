import { createMac, type MacOptions } from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'

const URL = 'http://example.com/a'

async function serverWith(options: MacOptions) {
  const clock = new Clock()
  const mac = createMac({ database: 'sqlite::memory:', now: clock.now, ...options })
  const ada = await mac.createCredential('ada', { expires: null })
  const app = mac.withMac(() => new Response())
  return { clock, send: (ts: number | string) => outcome(app(signed(ada, URL, { ts }))) }
}

describe.each([
  ['by default', 300, {}],
  ['with windowSeconds 1', 1, { windowSeconds: 1 }],
  ['with windowSeconds 3600', 3600, { windowSeconds: 3600 }],
])('%s', (_, window, options) => {
  test(`a timestamp is accepted up to ${window} seconds early or late, and not one more`, async () => {
    const { clock, send } = await serverWith(options)
    const { seconds } = clock
    expect(await send(seconds)).toBe('200')
    expect(await send(seconds - window)).toBe('200')
    expect(await send(seconds + window)).toBe('200')
    expect(await send(seconds - window - 1)).toBe('401 ERR_MAC_TIMESTAMP_STALE')
    expect(await send(seconds + window + 1)).toBe('401 ERR_MAC_TIMESTAMP_AHEAD')
  })
})

test('a fraction of a second does not narrow the window', async () => {
  const { clock, send } = await serverWith({ windowSeconds: 10 })
  const { seconds } = clock
  clock.seconds += 0.999
  expect(await send(seconds - 10)).toBe('200')
  expect(await send(seconds - 11)).toBe('401 ERR_MAC_TIMESTAMP_STALE')
  expect(await send(seconds + 10)).toBe('200')
  expect(await send(seconds + 11)).toBe('401 ERR_MAC_TIMESTAMP_AHEAD')
})

test.each([['1'], ['9007199254740993'], ['9999999999999999']])(
  'the timestamp %s is outside the window',
  async (ts) => {
    const { send } = await serverWith({})
    expect(await send(ts)).toMatch(/^401 ERR_MAC_TIMESTAMP_(STALE|AHEAD)$/)
  },
)

test.each([
  ['returns NaN', () => Number.NaN],
  ['returns infinity', () => Number.POSITIVE_INFINITY],
  ['returns a string', () => '1700000000 s' as unknown as number],
  ['throws', () => JSON.parse('{')],
])('a request gets a 503 if the option now %s', async (_, now) => {
  let broken = false
  const good = new Clock()
  const { send } = await serverWith({
    now: () => (broken ? now() : good.now()),
    onReject: () => {},
  })
  expect(await send(good.seconds)).toBe('200')
  broken = true
  expect(await send(good.seconds)).toBe('503 ERR_MAC_CALLBACK')
})

test('without the option now, the system clock is used', async () => {
  const mac = createMac({ database: 'sqlite::memory:' })
  const ada = await mac.createCredential('ada')
  const app = mac.withMac(() => new Response())
  const seconds = Math.floor(Date.now() / 1000)
  const send = (ts: number) => outcome(app(signed(ada, URL, { ts })))
  expect(await send(seconds - 200)).toBe('200')
  expect(await send(seconds + 200)).toBe('200')
  expect(await send(seconds - 400)).toBe('401 ERR_MAC_TIMESTAMP_STALE')
  expect(await send(seconds + 400)).toBe('401 ERR_MAC_TIMESTAMP_AHEAD')
})
