import type { MacOptions } from '../../src/index.ts'
import type { ClientAuthentication, TokenResult } from '../../src/oauth/index.ts'
import { describe, expect, test } from '../support/runner.ts'
import { answerOf, basic, GRANT, SHOP, testEndpoint, tokenRequest } from './endpoint.ts'

const DEADLINE = 20
const HANGS = new Promise<never>(() => {})
const limited: MacOptions = {
  rateLimit: { failures: { requests: 2, seconds: 60 } },
  clientAddress: () => '203.0.113.9',
}
/** Never answers if the secret is `hang`. */
const authenticateClient = ({ clientSecret }: ClientAuthentication) =>
  clientSecret === 'hang' ? HANGS : clientSecret === 'good' ? { user: 'ada' } : null
const request = (secret: string, signal?: AbortSignal) =>
  new Request(tokenRequest(GRANT, basic(`shop:${secret}`)), signal === undefined ? {} : { signal })

describe('a function that never answers', () => {
  test.each([
    ['authenticateClient', { authenticateClient: () => HANGS }],
    ['algorithm', { algorithm: () => HANGS }],
  ])('is ended by the deadline: %s', async (name, options) => {
    const { endpoint, failed, refused, mac } = testEndpoint(options, {}, DEADLINE)
    const { status, json } = await answerOf(endpoint(tokenRequest({ ...GRANT, ...SHOP })))
    expect([status, json.error]).toEqual([503, 'temporarily_unavailable'])
    expect(json.error_description).not.toContain(name)
    expect(failed).toHaveLength(1)
    const [{ code, message, cause } = { code: '', message: '', cause: null }] = failed
    expect(code).toBe('ERR_MAC_CALLBACK')
    expect(message).toBe(
      `The function given as ${name} failed: it did not answer within 0.02 seconds`,
    )
    expect(String(cause)).toBe('Error: it did not answer within 0.02 seconds')
    expect([refused, await mac.listCredentials()]).toEqual([[], []])
  })

  test('does not block its address after the deadline', async () => {
    const { endpoint, failed } = testEndpoint({ authenticateClient }, limited, DEADLINE)
    const hung = [endpoint(request('hang')), endpoint(request('hang'))]
    expect((await endpoint(request('good'))).status).toBe(429)
    expect((await Promise.all(hung)).map(({ status }) => status)).toEqual([503, 503])
    expect((await endpoint(request('good'))).status).toBe(200)
    expect(failed).toHaveLength(2)
  })

  test('changes nothing if it answers after the deadline', async () => {
    let answer = (_: TokenResult) => {}
    const late = new Promise<TokenResult>((resolve) => {
      answer = resolve
    })
    const made = testEndpoint({ authenticateClient: () => late }, {}, DEADLINE)
    expect((await made.endpoint(tokenRequest({ ...GRANT, ...SHOP }))).status).toBe(503)
    answer({ user: 'ada' })
    await new Promise((resolve) => setImmediate(resolve))
    expect([made.issued, await made.mac.listCredentials()]).toEqual([[], []])
  })
})

describe('a client that disconnects', () => {
  test('has its secret checked and counted all the same, so it cannot guess more secrets by disconnecting', async () => {
    let answer = (_: TokenResult) => {}
    const checked = new Promise<TokenResult>((resolve) => {
      answer = resolve
    })
    let looked = 0
    const { endpoint } = testEndpoint(
      {
        authenticateClient: () => {
          looked++
          return checked
        },
      },
      limited,
    )
    const { signal, abort } = abortable()
    const gone = [1, 2].map(() => endpoint(request('guess', signal)))
    await until(() => looked === 2)
    abort()
    expect((await endpoint(request('guess'))).status).toBe(429)
    answer(null)
    expect((await Promise.all(gone)).map(({ status }) => status)).toEqual([401, 401])
    expect((await endpoint(request('guess'))).status).toBe(429)
    expect(looked).toBe(2)
  })
})

function abortable() {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}

/** Waits until a condition holds. */
async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns > 5000) throw new Error('The condition does not hold in time.')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
