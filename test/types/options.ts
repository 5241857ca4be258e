import type { IncomingMessage } from 'node:http'
import {
  type CheckOptions,
  createMac,
  type Explanation,
  type MacError,
  type MacIdentity,
  type MacOptions,
  type MacReport,
  type WithMacOptions,
  withMac,
} from 'withmac'
import { createMacFetch, signHeaders, signRequest } from 'withmac/client'
import { type Equal, holds } from './exact.ts'

const handler = (request: Request) => new Response(request.url)

export const full = withMac(handler, {
  mode: 'optional',
  allowPreflight: true,
  origin: ['https://api.example.com', 'https://api.example.org'],
  trustProxy: 'x-forwarded',
  ext(ext, request) {
    holds<Equal<typeof ext, string | null>>()
    holds<Equal<typeof request, Request>>()
    return ext === null
  },
  onAccept(identity, request) {
    holds<Equal<typeof identity, MacIdentity>>()
    holds<Equal<typeof request, Request>>()
  },
  onReject(error, request, report) {
    holds<Equal<typeof error, MacError>>()
    holds<Equal<typeof request, Request>>()
    holds<Equal<typeof report, MacReport>>()
    holds<Equal<typeof report.reference, string>>()
    holds<Equal<ReturnType<typeof report.explain>, Promise<Explanation | null>>>()
    holds<Equal<Explanation['settings'], { readonly origin: string } | null>>()
    holds<Equal<ReturnType<typeof report.toJSON>['code'], string>>()
  },
})
holds<Equal<typeof full, (first: Request, ...rest: unknown[]) => Promise<Response>>>()

// An option may be undefined, as a value of `process.env` can be.
const environment: Record<string, string | undefined> = {}
const origin = environment.ORIGIN
holds<Equal<typeof origin, string | undefined>>()
withMac(handler, { mode: undefined, allowPreflight: undefined, origin, trustProxy: undefined })
createMac({ database: environment.MAC_DATABASE_URL, origin, clockOffset: undefined })
createMac({ origin: (request) => request.headers.get('x-origin'), clockOffset: false })
createMac({ windowSeconds: 60, clockOffset: { maxSeconds: 86_400 }, now: () => Date.now() / 1000 })
withMac(handler, { ext: async (ext) => ext !== null })
holds<Equal<Required<WithMacOptions>['mode'], 'required' | 'optional' | undefined>>()
holds<
  Equal<
    keyof CheckOptions,
    | 'origin'
    | 'trustProxy'
    | 'clientAddress'
    | 'body'
    | 'maxBodyBytes'
    | 'ext'
    | 'cors'
    | 'onAccept'
    | 'onReject'
    | 'debug'
    | 'debugEvenInProduction'
  >
>()
holds<
  Equal<
    keyof MacOptions,
    | keyof CheckOptions
    | 'database'
    | 'windowSeconds'
    | 'maxNoncesInMemory'
    | 'nonces'
    | 'nonceKeyPrefix'
    | 'storeTimeoutSeconds'
    | 'connections'
    | 'preparedStatements'
    | 'clockOffset'
    | 'sealingKey'
    | 'rateLimit'
    | 'problemTypes'
    | 'now'
  >
>()
holds<
  Equal<
    keyof WithMacOptions,
    keyof CheckOptions | 'mode' | 'allowPreflight' | 'scope' | 'requestTarget' | 'path'
  >
>()
withMac(handler, { requestTarget: (request, env) => (request.url === '' ? undefined : env.raw) })
withMac(handler, { requestTarget: (_request, env: { incoming: IncomingMessage }) => env.incoming })
withMac(({ request }: { request: Request; raw: string }) => handler(request), {
  requestTarget: (event) => event.raw,
})

withMac(handler, { path: (request) => `/api${new URL(request.url).pathname}`, cors: '*' })
createMac({ cors: ['https://app.example.com'] })
// @ts-expect-error: a function, since it depends on the request
withMac(handler, { path: '/api' })

createMac({ body: 'required', maxBodyBytes: 5_000_000 })
withMac(handler, { body: undefined, maxBodyBytes: undefined })
// @ts-expect-error: a word, not a boolean
withMac(handler, { body: true })

// @ts-expect-error: there are two modes
withMac(handler, { mode: 'maybe' })
// @ts-expect-error: an option that is not known, such as a misspelt one
withMac(handler, { allowPreflights: true })
// @ts-expect-error: the database belongs to the Mac
withMac(handler, { database: 'sqlite::memory:' })
// @ts-expect-error: the mode belongs to the handler
createMac({ mode: 'optional' })
// @ts-expect-error: a URL or a Kysely
createMac({ database: 5 })
// @ts-expect-error: an open database is not a Kysely
createMac({ database: { prepare: () => null } })
// @ts-expect-error: an option that is not known
createMac({ window: 60 })
// @ts-expect-error: seconds are a number
createMac({ windowSeconds: '60' })
// @ts-expect-error: the application must say how far
createMac({ clockOffset: true })
// @ts-expect-error: only two kinds of header fields are known
createMac({ trustProxy: 'cloudflare' })
// @ts-expect-error: a verdict is a boolean
withMac(handler, { ext: (ext) => ext })

const credential = { id: 'a', key: 'b' }
const url = 'https://api.example.com/'
signHeaders({ url, ext: 'a', body: null }, credential, { now: () => 1, clockOffset: undefined })
// @ts-expect-error: what to sign is a property of the request
signHeaders({ url }, credential, { body: true })
// @ts-expect-error: signHeaders does not sign header fields
signHeaders({ url, headers: {} }, credential)
// @ts-expect-error: the window is an option of the server
signRequest(new Request(url), credential, { windowSeconds: 60 })
// @ts-expect-error: an option that is not known
createMacFetch(credential, { retries: 3 })
