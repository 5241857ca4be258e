import { createMac, getMac, type Mac, type MacReport, type WithMacOptions } from 'withmac'
import type { Key } from '../support/sign.ts'
import { HOST } from './client.ts'
import { ID_FIELD } from './recorder.ts'

/** The field that names the options of the handler, which takes a request. */
export const OPTIONS_FIELD = 'x-test-options'

/** The prefix that some set-ups cut off. */
export const PREFIX = '/api'

type Server = Bun.Server<string>
type Reported = ReturnType<MacReport['toJSON']>

/** A real server on Bun. A field of the request chooses between handlers with different options. */
export class Backend {
  readonly key: Key
  readonly #mac: Mac
  readonly #server: Server
  readonly #reports: ReadonlyMap<string, Reported>

  private constructor(mac: Mac, key: Key, server: Server, reports: ReadonlyMap<string, Reported>) {
    this.key = key
    this.#mac = mac
    this.#server = server
    this.#reports = reports
  }

  static async start(port: number): Promise<Backend> {
    const reports = new Map<string, Reported>()
    const mac = createMac({
      database: 'sqlite::memory:',
      onReject: (_error, request, report) => {
        reports.set(request.headers.get(ID_FIELD) ?? '', report.toJSON())
      },
    })
    const key = {
      id: 'ada',
      key: 'only-for-tests-of-proxies-0001',
      algorithm: 'hmac-sha-256',
    } as const
    await mac.createCredential('ada', key)
    const limited = createMac({
      database: 'sqlite::memory:',
      onReject: () => {},
      trustProxy: 'x-forwarded',
      rateLimit: { failures: { requests: 3, seconds: 60 } },
    })
    const handlers = new Map(
      optionSets().map(([name, options]) => [name, mac.withMac(answer, options)]),
    )
    handlers.set('limited', limited.withMac(answer))
    const server = Bun.serve<string>({
      hostname: '127.0.0.1',
      port,
      fetch(request, server) {
        const handler = handlers.get(request.headers.get(OPTIONS_FIELD) ?? 'none')
        return handler?.(request, server) ?? new Response('no such options', { status: 500 })
      },
      websocket: {
        open: (socket) => {
          socket.send(`hello ${socket.data}`)
        },
        message() {},
      },
    })
    return new Backend(mac, key, server, reports)
  }

  /** Returns the report of a rejected request, if it arrived. */
  reportOf(id: string): Reported | undefined {
    return this.#reports.get(id)
  }

  async stop(): Promise<void> {
    await this.#server.stop(true)
    await this.#mac.close()
  }
}

/** Answers a request that was accepted, and opens a WebSocket if it asks for one. */
function answer(request: Request, server: Server): Response {
  const user = getMac(request)?.user ?? ''
  if (request.headers.has('upgrade') && server.upgrade(request, { data: user })) {
    return undefined as unknown as Response
  }
  return new Response(`accepted ${user}`)
}

/** Returns all options that the tables try, by name. */
function optionSets(): [string, WithMacOptions][] {
  const origins: [string, WithMacOptions][] = [
    ['none', {}],
    ['trustProxy', { trustProxy: 'x-forwarded' }],
    ['trustProxy: true', { trustProxy: true }],
    ...[80, 443, 8443].flatMap((port): [string, WithMacOptions][] => {
      const origin = port === 80 ? `http://${HOST}` : `https://${HOST}:${port}`
      return [
        [`origin ${port}`, { origin }],
        [`list ${port}`, { origin: [origin, 'https://www.example.com'] }],
      ]
    }),
  ]
  const path = (request: Request) => PREFIX + new URL(request.url).pathname
  // It takes time to explain a rejection, so only some are.
  const debug = true
  return origins.flatMap(([name, options]) => [
    [name, options],
    [`${name}, explained`, { ...options, debug }],
    [`path + ${name}`, { ...options, path }],
  ])
}
