import { createHash } from 'node:crypto'
import { createCredential, createMac, getMac, getMacError, withMac } from 'withmac'
import { createTokenEndpoint } from 'withmac/oauth'

/** Shows who called, why not, and the body: it must reach the handler untouched. */
async function greet(request) {
  const user = getMac(request)?.user ?? 'anonymous'
  const why = getMacError(request)?.code ?? 'none'
  return new Response(`${user} ${why} ${await request.text()}`)
}

/** Tells what it got of a body, and as what it was verified; the target says how to read it. */
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

/** Shows what a handler sees of the request line. */
function show({ method, url }) {
  const seen = `${method} ${url}`
  return new Response(seen, { headers: { 'x-seen': encodeURIComponent(seen) } })
}

const [SITE, OTHER] = ['http://api.example.com', 'http://b.example']
/** Every way to tell the origin of a request that is sent to `SITE`. */
const ORIGINS = {
  none: {},
  one: { origin: SITE },
  list: { origin: [SITE, OTHER] },
  constant: { origin: () => SITE },
  byHost: { origin: ({ headers }) => `http://${headers.get('host')}` },
  proxy: { trustProxy: true },
}

/** A handler by each of these ways; `raw one` and the like take the raw target besides. */
const SHOWN = Object.fromEntries(
  Object.entries(ORIGINS).flatMap(([name, options]) => [
    [name, ({ mac }) => mac.withMac(show, options)],
    [`raw ${name}`, ({ mac, requestTarget }) => mac.withMac(show, { ...options, requestTarget })],
  ]),
)

/** What a server process can answer with, each on a port of its own. */
export const HANDLERS = {
  /** No signatures: tells what the runtime shows of a request, in a header for HEAD's sake. */
  bare:
    ({ requestTarget }) =>
    (request, ...rest) => {
      const { method, url, headers } = request
      const raw = requestTarget?.(request, ...rest).url
      const seen = { method, url, host: headers.get('host'), raw }
      return new Response('', { headers: { 'x-seen': encodeURIComponent(JSON.stringify(seen)) } })
    },

  ...SHOWN,

  /** As `one`, without a handler. */
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

  /** As `required`, with the raw target by the adapter's recipe. */
  raw: ({ mac, requestTarget }) => mac.withMac(greet, { requestTarget }),

  /** Wants bodies bound, up to a million bytes. */
  bound: ({ mac }) => mac.withMac(digest, { body: 'required', maxBodyBytes: 1_000_000 }),

  /** The same where a caller may be anonymous, and a body unbound. */
  boundOptional: ({ mac }) =>
    mac.withMac(digest, { body: 'optional', maxBodyBytes: 1_000_000, mode: 'optional' }),

  /** Has the body read by something else first. */
  readBefore: ({ mac }) => {
    const handler = mac.withMac(digest, { body: 'required', onReject: () => {} })
    return async (request) => {
      await request.text()
      return handler(request)
    }
  },

  /** What a first program uses: the one `Mac` that the library makes by itself. */
  bareFunctions: ({ bareFunctions: { user, ...options } }) => {
    const made = createCredential(user, { ...options, ifExists: 'keep' })
    const handler = withMac(greet)
    return async (request) => {
      await made
      return handler(request)
    }
  },

  /** Checks requests that were signed long ago elsewhere, as `control` was told. */
  peers:
    ({ peer }) =>
    (request, ...rest) =>
      peer.handler(request, ...rest),

  /** Gives `peers` another clock and credential, and forgets all nonces. */
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
