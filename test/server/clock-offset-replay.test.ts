import { createMac, type Mac, type MacOptions } from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { temporaryFolder } from '../support/folder.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization } from '../support/sign.ts'

const URL = 'http://example.com/a'
const KEY = { id: 'ada', key: 'a-key-that-holds-128-bits' }
const CREATE = { ...KEY, expires: null }
const ON = { clockOffset: { maxSeconds: 3600 } }

/** A server that can be restarted on the same file. */
class Server {
  readonly clock = new Clock()
  readonly #database: string
  #mac: Mac

  constructor(path: string) {
    this.#database = `sqlite:${path}`
    this.#mac = this.#start(ON)
  }

  get mac(): Mac {
    return this.#mac
  }

  async restart(options: MacOptions): Promise<void> {
    await this.#mac.close()
    this.#mac = this.#start(options)
  }

  send(header: string): Promise<string> {
    const request = new Request(URL, { headers: { authorization: header } })
    return outcome(this.#mac.withMac(() => new Response())(request))
  }

  /** Sends a new request of a client whose clock agrees with the server's. */
  sendFresh(): Promise<string> {
    return this.send(authorization(KEY, URL, { ts: this.clock.seconds }))
  }

  #start(options: MacOptions): Mac {
    return createMac({ database: this.#database, now: this.clock.now, ...options })
  }
}

/** What happens between the capture and each replay, so that the server might forget. */
const ways: readonly [string, (server: Server) => Promise<unknown>][] = [
  ['no other event', async () => {}],
  ['a restart', (server) => server.restart(ON)],
  ['a reset', ({ mac }) => mac.resetClockOffset(KEY.id)],
  [
    'the credential deleted and created again',
    async ({ mac }) => {
      await mac.deleteCredential(KEY.id)
      await mac.createCredential('ada', CREATE)
    },
  ],
  [
    'the option turned off, used, and on',
    async (server) => {
      await server.restart({})
      await server.sendFresh()
      await server.mac.prune()
      await server.mac.resetClockOffset(KEY.id)
      await server.restart(ON)
    },
  ],
  [
    'a restart with a larger bound, and a reset',
    async (server) => {
      await server.restart({ clockOffset: { maxSeconds: 36_000 } })
      await server.mac.resetClockOffset(KEY.id)
    },
  ],
]

/** When the captured request is sent again, in seconds after the capture. */
const LATER = [0, 1, 299, 301, 2599, 2601, 3599, 3601, 3899, 3901, 4601, 4901, 7600, 36_001, 86_401]

describe.each([
  ['behind', 1000],
  ['ahead', -1000],
  ['right', 0],
])('a request captured from a client whose clock is %s', (_, difference) => {
  test.each(ways)('is never accepted again after %s', async (_name, forget) => {
    using folder = temporaryFolder()
    const server = new Server(folder.path('mac.db'))
    await server.mac.createCredential('ada', CREATE)
    const captured = authorization(KEY, URL, { ts: server.clock.seconds - difference })
    expect(await server.send(captured)).toBe('200')
    const start = server.clock.seconds
    for (const later of LATER) {
      server.clock.seconds = start + later
      await server.mac.prune()
      await forget(server)
      expect(await server.send(captured)).toMatch(
        /^401 ERR_MAC_(REPLAY|TIMESTAMP_STALE|TIMESTAMP_AHEAD)$/,
      )
    }
    await server.mac.resetClockOffset(KEY.id)
    expect(await server.sendFresh()).toBe('200')
    await server.mac.close()
  })
})
