import { createMac } from '../../src/index.ts'
import { listen } from '../support/listen.ts'
import { SECOND_ADDRESS, testWith } from '../support/needs.ts'
import { afterAll, expect } from '../support/runner.ts'
import { sendFrom } from '../support/send-from.ts'

const FLOODER = '127.0.0.2'
const CLIENT = '127.0.0.1'
const REQUESTS = { requests: 100, seconds: 3600 }
const codes = new Map<string, number>()
const mac = createMac({
  database: 'sqlite::memory:',
  rateLimit: { failures: { requests: 10, seconds: 3600 }, requests: REQUESTS },
  onReject: ({ code }) => codes.set(code, (codes.get(code) ?? 0) + 1),
})
const server = await listen(mac.withMac(() => new Response()))
afterAll(async () => {
  await server.close()
  await mac.close()
})
const from = (address: string) => (key: Parameters<typeof sendFrom>[2]) =>
  sendFrom(address, server.port, key)

const ifSecondAddress = await testWith(SECOND_ADDRESS)

ifSecondAddress(
  'a flood from one address locks nobody out, and uses up nobody’s rate limit',
  async () => {
    const [client, neighbour, victim] = [
      await mac.createCredential('client'),
      await mac.createCredential('neighbour'),
      await mac.createCredential('victim'),
    ]
    const wrongs = [
      { id: 'nobody', key: 'guessed' },
      { ...victim, key: 'guessed' },
    ]
    expect((await from(FLOODER)(neighbour)).status).toBe(200)

    const flood: number[] = []
    for (let burst = 0; burst < 20; burst++) {
      const wrong = Array.from({ length: 10 }, (_, at) => from(FLOODER)(wrongs[at % 2] ?? client))
      flood.push(...(await Promise.all(wrong)).map(({ status }) => status))
      expect((await from(CLIENT)(client)).status).toBe(200)
      expect((await from(FLOODER)(neighbour)).status).toBe(200)
    }

    expect(flood.slice(0, 10)).toEqual(new Array(10).fill(401))
    expect(flood.slice(10)).toEqual(new Array(190).fill(429))
    expect(codes.get('ERR_MAC_FAILURES_LIMITED')).toBe(190)
    // The flooder used the victim's name. Still the victim's first request is the first that is counted.
    expect(await from(CLIENT)(victim)).toEqual({
      status: 200,
      rateLimit: '"requests";r=99;t=3600',
    })
  },
)
