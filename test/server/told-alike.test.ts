import { createMac, getMacError, type MacError } from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { outcome, wholeAnswer } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { type Signing, signed } from '../support/sign.ts'

const URL = 'http://example.com/a'
const clock = new Clock()
const rejections: string[] = []
const mac = createMac({
  database: 'sqlite::memory:',
  now: clock.now,
  onReject: (error: MacError) => rejections.push(error.code),
})
const ada = await mac.createCredential('ada')
const old = await mac.createCredential('ada', {
  expires: clock.seconds + 10,
  algorithm: 'hmac-sha-1',
})
const gone = await mac.createCredential('ada')
await mac.revokeCredential(gone.id)
const off = await mac.createCredential('ada')
await mac.disableCredential(off.id)
const replaced = await mac.createCredential('ada')
await mac.rotateCredential(replaced.id, { graceSeconds: 1 })
clock.seconds += 1
const unknown = { id: 'nobody', key: 'no key' }
const app = mac.withMac(() => new Response())
const sign = (key: typeof unknown, signing: Signing = {}) =>
  signed(key, URL, { ts: clock.seconds, ...signing })

test('an unknown identifier, a wrong MAC and a revoked, disabled or replaced key get the same answer', async () => {
  rejections.length = 0
  const answers = [
    await wholeAnswer(app(sign(unknown))),
    await wholeAnswer(app(sign({ ...ada, key: 'another key' }))),
    await wholeAnswer(app(sign(ada, { mac: 'AAAA' }))),
    await wholeAnswer(app(sign({ ...old, key: 'another key' }))),
    await wholeAnswer(app(sign(gone))),
    await wholeAnswer(app(sign({ ...gone, key: 'another key' }))),
    await wholeAnswer(app(sign(off))),
    await wholeAnswer(app(sign({ ...off, key: 'another key' }))),
    await wholeAnswer(app(sign(replaced))),
    await wholeAnswer(app(sign({ ...replaced, key: 'another key' }))),
  ]
  for (const answer of answers) expect(answer).toEqual(answers[0])
  expect(answers[0]).toMatchObject({ status: 401 })
  expect(rejections).toEqual([
    'ERR_MAC_UNKNOWN_IDENTIFIER',
    'ERR_MAC_MISMATCH',
    'ERR_MAC_MISMATCH',
    'ERR_MAC_MISMATCH',
    'ERR_MAC_REVOKED',
    'ERR_MAC_MISMATCH',
    'ERR_MAC_DISABLED',
    'ERR_MAC_MISMATCH',
    'ERR_MAC_KEY_RETIRED',
    'ERR_MAC_MISMATCH',
  ])
})

describe('the answer to a right MAC says, and to a wrong MAC does not say,', () => {
  const wrong = { mac: 'AAAA' }

  async function differ(key: typeof ada, signing: Signing, code: string): Promise<void> {
    expect(await outcome(app(sign(key, signing)))).toBe(`401 ${code}`)
    expect(await outcome(app(sign(key, { ...signing, ...wrong })))).toBe('401 ERR_MAC_REJECTED')
    expect(await outcome(app(sign(unknown, signing)))).toBe('401 ERR_MAC_REJECTED')
  }

  test('that the timestamp is old', async () => {
    await differ(ada, { ts: clock.seconds - 301 }, 'ERR_MAC_TIMESTAMP_STALE')
  })

  test('that the timestamp is ahead', async () => {
    await differ(ada, { ts: clock.seconds + 301 }, 'ERR_MAC_TIMESTAMP_AHEAD')
  })

  test('that the nonce was used', async () => {
    expect(await outcome(app(sign(ada, { nonce: 'used' })))).toBe('200')
    await differ(ada, { nonce: 'used' }, 'ERR_MAC_REPLAY')
  })

  test('that the credential expired', async () => {
    clock.seconds += 10
    await differ(old, {}, 'ERR_MAC_EXPIRED')
  })

  test('nothing about a revoked credential, in both cases', async () => {
    const stale = { ts: clock.seconds - 301 }
    expect(await outcome(app(sign(gone, stale)))).toBe('401 ERR_MAC_REJECTED')
    await mac.revokeCredential(old.id)
    expect(await outcome(app(sign(old)))).toBe('401 ERR_MAC_REJECTED')
  })
})

test('in the mode optional the error has the precise code, and its text for clients the common one', async () => {
  const request = sign(unknown)
  await mac.withMac(() => new Response(), { mode: 'optional' })(request)
  const error = getMacError(request)
  expect(error?.code).toBe('ERR_MAC_UNKNOWN_IDENTIFIER')
  expect(error?.told.code).toBe('ERR_MAC_REJECTED')
  expect(error?.told.text).not.toContain('nobody')
})
