import { createCredential, createMac, getMac, getMacError, withMac } from 'withmac'

/** Shows who called, why not, and the body: it must reach the handler untouched. */
async function greet(request) {
  const user = getMac(request)?.user ?? 'anonymous'
  const why = getMacError(request)?.code ?? 'none'
  return new Response(`${user} ${why} ${await request.text()}`)
}

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

  required: ({ mac }) => mac.withMac(greet),

  optional: ({ mac }) => mac.withMac(greet, { mode: 'optional' }),

  /** As `required`, with the raw target by the adapter's recipe. */
  raw: ({ mac, requestTarget }) => mac.withMac(greet, { requestTarget }),

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
