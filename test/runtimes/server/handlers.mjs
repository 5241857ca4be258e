import { createHash } from 'node:crypto'
import { createCredential, createMac, getMac, getMacError, withMac } from 'withmac'
import { createTokenEndpoint } from 'withmac/oauth'

/** Answers with the user, the error code and the body, which must reach the handler unchanged. */
async function greet(request) {
  const user = getMac(request)?.user ?? 'anonymous'
  const why = getMacError(request)?.code ?? 'none'
  return new Response(`${user} ${why} ${await request.text()}`)
}

/** Answers with the digest of the body and its verification. The target says how to read the body. */
async function digest(request) {
  const how = /how=([a-z]+)/.exec(request.url)?.[1] ?? 'nothing'
  const hash = createHash('sha256')
  for await (const chunk of READERS[how](request)) hash.update(chunk)
  const { bodyVerified = null, ext = null } = getMac(request) ?? {}
  const why = getMacError(request)?.code ?? null
  return Response.json({ bodyVerified, ext, why, digest: hash.digest('base64') })
}

/** The ways in which a handler may read a body. */
const READERS = {
  async *nothing() {},
  async *text(request) {
    yield await request.text()
  },
  async *bytes(request) {
    yield new Uint8Array(await request.arrayBuffer())
  },
  async *blob(request) {
    yield new Uint8Array(await (await request.blob()).arrayBuffer())
  },
  async *json(request) {
    yield JSON.stringify(await request.json())
  },
  async *stream(request) {
    const reader = request.body?.getReader()
    for (;;) {
      const { done = true, value } = (await reader?.read()) ?? {}
      if (done) return
      yield value
    }
  },
  async *clone(request) {
    await request.clone().text()
    yield await request.text()
  },
  async *form(request) {
    for (const [name, value] of await request.formData()) {
      yield `${name}=${typeof value === 'string' ? value : `${value.name} ${await value.text()}`}\n`
    }
  },
}

/** Answers with the method and URL that the handler sees. */
function show({ method, url }) {
  const seen = `${method} ${url}`
  return new Response(seen, { headers: { 'x-seen': encodeURIComponent(seen) } })
}

const [SITE, OTHER] = ['http://api.example.com', 'http://b.example']
/** Every way to find the origin of a request that is sent to `SITE`. */
const ORIGINS = {
  none: {},
  one: { origin: SITE },
  list: { origin: [SITE, OTHER] },
  constant: { origin: () => SITE },
  byHost: { origin: ({ headers }) => `http://${headers.get('host')}` },
  proxy: { trustProxy: true },
}

/** A handler for each of these ways. Those with `raw` in their name also use `requestTarget`. */
const SHOWN = Object.fromEntries(
  Object.entries(ORIGINS).flatMap(([name, options]) => [
    [name, ({ mac }) => mac.withMac(show, options)],
    [`raw ${name}`, ({ mac, requestTarget }) => mac.withMac(show, { ...options, requestTarget })],
  ]),
)

/** The handlers of a server process. Each has its own port. */
export const HANDLERS = {
  /** Accepts any request. Answers with what the runtime shows of it, in a header because of HEAD. */
  bare:
    ({ requestTarget }) =>
    (request, ...rest) => {
      const { method, url, headers } = request
      const raw = requestTarget?.(request, ...rest).url
      const seen = { method, url, host: headers.get('host'), raw }
      return new Response('', { headers: { 'x-seen': encodeURIComponent(JSON.stringify(seen)) } })
    },

  ...SHOWN,

  /** Like `one`, but with `verify` in place of a handler. */
  verify: ({ credentials: [ada] }) => {
    const own = createMac({ database: 'sqlite::memory:', origin: SITE })
    const { user, ...options } = ada
    const made = own.createCredential(user, { ...options, expires: null })
    return async (request) => {
      await made
      const { ok } = await own.verify(request)
      return ok ? show(request) : new Response('', { status: 401 })
    }
  },

  token: ({ mac }) =>
    createTokenEndpoint(mac, {
      origin: SITE.replace('http:', 'https:'),
      authenticateClient: () => ({ user: 'ada' }),
    }),

  required: ({ mac }) => mac.withMac(greet),

  optional: ({ mac }) => mac.withMac(greet, { mode: 'optional' }),

  /** Like `required`, with the adapter's `requestTarget`. */
  raw: ({ mac, requestTarget }) => mac.withMac(greet, { requestTarget }),

  /** Requires bound bodies of at most a million bytes. */
  bound: ({ mac }) => mac.withMac(digest, { body: 'required', maxBodyBytes: 1_000_000 }),

  /** The same, but accepts anonymous callers and unbound bodies. */
  boundOptional: ({ mac }) =>
    mac.withMac(digest, { body: 'optional', maxBodyBytes: 1_000_000, mode: 'optional' }),

  /** Reads the body before the library can. */
  readBefore: ({ mac }) => {
    const handler = mac.withMac(digest, { body: 'required', onReject: () => {} })
    return async (request) => {
      await request.text()
      return handler(request)
    }
  },

  /** Uses the default `Mac` of the library. */
  bareFunctions: ({ bareFunctions: { user, ...options } }) => {
    const made = createCredential(user, { ...options, ifExists: 'keep' })
    const handler = withMac(greet)
    return async (request) => {
      await made
      return handler(request)
    }
  },

  /** Verifies requests that other implementations signed, with the settings of `control`. */
  peers:
    ({ peer }) =>
    (request, ...rest) =>
      peer.handler(request, ...rest),

  /** Gives `peers` another clock, another credential and an empty database. */
  control:
    ({ peer, requestTarget }) =>
    async (request) => {
      const { now, create, useRaw } = await request.json()
      await peer.mac?.close()
      peer.mac = createMac({ database: 'sqlite::memory:', now: () => now })
      peer.handler = peer.mac.withMac(greet, useRaw ? { requestTarget } : {})
      await peer.mac.createCredential('peer', create)
      return new Response('done')
    },
}
