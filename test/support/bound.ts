import { createHash } from 'node:crypto'
import { authorization, type Key, type Signing } from './sign.ts'

/** The `ext` that binds a body, written without the library. */
export function boundExt(body: string | Uint8Array, own = '', hash = 'sha256'): string {
  const name = hash.replace('sha', 'sha-')
  const digest = createHash(hash).update(body).digest('base64')
  return `${name}=:${digest}:${own === '' ? '' : ` ${own}`}`
}

/** A body that comes in pieces, each asked for in its turn. */
export function streamOf(
  pieces: Iterable<Uint8Array | string>,
  onPull: () => void = () => {},
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const source = pieces[Symbol.iterator]()
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        onPull()
        const { done, value } = source.next()
        if (done === true) return controller.close()
        controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value)
      },
    },
    { highWaterMark: 0 },
  )
}

/** A signed request with a body, which need not be the one that is signed in `ext`. */
export function withBody(
  credential: Key,
  url: string,
  body: BodyInit | null,
  signing: Signing & { readonly headers?: Record<string, string> } = {},
): Request {
  const { method = 'POST', headers = {} } = signing
  const signature = authorization(credential, url, { ...signing, method })
  return new Request(url, {
    method,
    headers: { ...headers, authorization: signature },
    body,
    ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
  })
}
