import { createMac, type Mac, type MacIdentity } from '../../src/index.ts'
import { listen } from '../support/listen.ts'

/** A request as it reached a server. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly authorization: string | null
  readonly headers: Headers
  readonly body: string
  readonly status: number
}

/** A real server on 127.0.0.1. withmac is in front of everything that `answer` does not answer. */
export interface SigningServer extends AsyncDisposable {
  readonly url: string
  readonly seen: readonly Seen[]
  readonly mac: Mac
}

export const KEY = { id: 'ada-id', key: 'ada-a-key-that-holds-128-bits' } as const

/** @param answer Answers before withmac does. If it returns `null`, withmac answers. */
export async function signingServer(
  answer: (request: Request, seen: Seen) => Response | null | Promise<Response | null> = () => null,
  options: { now?: () => number; onAccept?: (identity: MacIdentity) => void } = {},
): Promise<SigningServer> {
  const mac = createMac({ ...options, database: 'sqlite::memory:' })
  await mac.createCredential('ada', { ...KEY, expires: null })
  const app = mac.withMac(async (request) => new Response(await request.text()))
  const seen: Seen[] = []
  const server = await listen(async (request) => {
    const { method, url, headers } = request
    const authorization = headers.get('authorization')
    const body = await request.clone().text()
    const now = { method, url, authorization, headers: new Headers(headers), body, status: 0 }
    const response = (await answer(request, now)) ?? (await app(request))
    seen.push({ ...now, status: response.status })
    return response
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    seen,
    mac,
    async [Symbol.asyncDispose]() {
      await server.close()
      await mac.close()
    },
  }
}

/** Redirects by the path: `/307/then` to `/then` with 307. */
export function byPath({ url }: Request): Response | null {
  const [, status, location] = /^https?:\/\/[^/]*\/(30[1-8])\/(.*)$/.exec(url) ?? []
  if (status === undefined) return null
  const target = decodeURIComponent(location ?? '')
  const to = /^[a-z]+:/.test(target) ? target : `/${target}`
  return new Response('moved', { status: Number(status), headers: { location: to } })
}

/** The parts of a request that a test compares. */
export function short({ method, url, authorization, body, status }: Seen): string {
  const path = url.replace(/^https?:\/\/[^/]*/, '')
  const signed = authorization === null ? 'unsigned' : 'signed'
  return [method, path, signed, status, body].join(' ').trim()
}
