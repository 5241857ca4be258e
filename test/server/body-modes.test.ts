import { createMac } from '../../src/index.ts'
import { boundExt, withBody } from '../support/bound.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'
import { tellingApp } from '../support/telling-app.ts'

const URL = 'http://example.com/a'
const mac = createMac({ database: 'sqlite::memory:', onReject: () => {} })
const ada = await mac.createCredential('ada')

describe('mode: optional', () => {
  const handler = mac.withMac(tellingApp, { mode: 'optional', body: 'required', maxBodyBytes: 10 })

  test('accepts any body of any size from an anonymous caller', async () => {
    const body = 'x'.repeat(100)
    const answer = await handler(new Request(URL, { method: 'POST', body }))
    expect(await answer.json()).toEqual({ body, ext: null, bodyVerified: null, why: null })
  })

  test('treats a caller who signed another body as anonymous, and says why', async () => {
    const answer = await handler(withBody(ada, URL, 'x', { ext: boundExt('y') }))
    const expected = { body: 'x', ext: null, bodyVerified: null, why: 'ERR_MAC_BODY_MISMATCH' }
    expect(await answer.json()).toEqual(expected)
    const unbound = await handler(withBody(ada, URL, 'x'))
    expect(await unbound.json()).toEqual({ ...expected, why: 'ERR_MAC_BODY_MISSING' })
  })

  test('rejects a signed body that is too large', async () => {
    const body = 'x'.repeat(11)
    const answer = handler(withBody(ada, URL, body, { ext: boundExt(body) }))
    expect(await outcome(answer)).toBe('413 ERR_MAC_BODY_TOO_LARGE')
  })
})

describe('mac.verify', () => {
  test('uses the options of createMac, and leaves the body of the request unread', async () => {
    const strict = createMac({ database: 'sqlite::memory:', body: 'required', maxBodyBytes: 5 })
    const eve = await strict.createCredential('eve')
    const good = withBody(eve, URL, 'hello', { ext: boundExt('hello', 'a') })
    expect(await strict.verify(good)).toMatchObject({
      ok: true,
      identity: { ext: 'a', bodyVerified: true },
    })
    expect(await good.text()).toBe('hello')
    const long = await strict.verify(withBody(eve, URL, 'hello!', { ext: boundExt('hello!') }))
    expect(long).toMatchObject({ ok: false, error: { code: 'ERR_MAC_BODY_TOO_LARGE' } })
    const handler = strict.withMac(tellingApp, { body: 'ignore' })
    expect(await outcome(handler(signed(eve, URL)))).toBe('200')
  })
})
