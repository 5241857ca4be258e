import { createTokenFetch, type MacFetch, type TokenFetchOptions } from '../../src/client/index.ts'
import { createMac, getMac, type Mac } from '../../src/index.ts'
import { createTokenEndpoint } from '../../src/oauth/index.ts'
import { Clock } from '../support/clock.ts'
import { listen } from '../support/listen.ts'

/** A real server on 127.0.0.1: a token endpoint at `/token`, and withmac in front of everything else. */
export interface TokenServer extends AsyncDisposable {
  readonly url: string
  readonly mac: Mac
  /** The clock of both sides. */
  readonly clock: Clock
  /** The statuses of the token endpoint's answers. */
  readonly asked: number[]
  /** The status and the key identifier of each other request. */
  readonly seen: string[]
  /** The options for a client that gets its credentials here. */
  readonly client: TokenFetchOptions
  /** Deletes all credentials. */
  forget(): Promise<void>
  /** A `fetch` that gets its credentials here. */
  tokenFetch(options?: Partial<TokenFetchOptions>): MacFetch
}

type Answering = (request: Request, asked: number) => Response | null | Promise<Response | null>

/** @param answer Answers instead of the token endpoint. If it returns `null`, the token endpoint answers. */
export async function tokenServer(
  answer: Answering = () => null,
  options: {
    expiresSeconds?: number
    app?: (request: Request) => Response | null
    /** Each other request waits for this. */
    before?: () => Promise<void>
  } = {},
): Promise<TokenServer> {
  const { expiresSeconds, app: instead = () => null, before } = options
  const clock = new Clock()
  const mac = createMac({ database: 'sqlite::memory:', now: clock.now })
  const endpoint = createTokenEndpoint(mac, {
    expiresSeconds,
    authenticateClient: ({ clientId, clientSecret }) =>
      clientId === 'shop' && clientSecret === 'a secret+%'
        ? { user: 'ada', scopes: ['a', 'b'] }
        : null,
  })
  const app = mac.withMac(async (request) => {
    const { user, scopes } = getMac(request) ?? {}
    return Response.json({ user, scopes, body: await request.text() })
  })
  const asked: number[] = []
  const seen: string[] = []
  const { port, close } = await listen(async (request) => {
    if (new URL(request.url).pathname === '/token') {
      const at = asked.push(0) - 1
      const response = (await answer(request, at + 1)) ?? (await endpoint(request))
      asked[at] = response.status
      return response
    }
    await before?.()
    const response = instead(request) ?? (await app(request))
    const [, id = 'unsigned'] = /id="(.*?)"/.exec(request.headers.get('authorization') ?? '') ?? []
    seen.push(`${response.status} ${id}`)
    return response
  })
  const url = `http://127.0.0.1:${port}`
  const client = {
    tokenEndpoint: `${url}/token`,
    clientId: 'shop',
    clientSecret: 'a secret+%',
    now: clock.now,
  }
  return {
    url,
    mac,
    clock,
    asked,
    seen,
    client,
    async forget() {
      for (const { id } of await mac.listCredentials()) await mac.deleteCredential(id)
    },
    tokenFetch: (own) => createTokenFetch({ ...client, ...own }),
    async [Symbol.asyncDispose]() {
      await close()
      await mac.close()
    },
  }
}

/** A good answer of a token endpoint. */
export const TOKEN = {
  token_type: 'mac',
  access_token: 'an-id',
  mac_key: 'a-key',
  mac_algorithm: 'hmac-sha-256',
  expires_in: 3600,
} as const

/** Waits until a condition holds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns > 5000) throw new Error('The condition does not hold in time.')
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
