import { createHash } from 'node:crypto'
import { authorization, type Key, type Signing } from './sign.ts'

/** @returns The `ext` that binds a body. It is computed without the library. */
export function boundExt(body: string | Uint8Array, own = '', hash = 'sha256'): string {
  const name = hash.replace('sha', 'sha-')
  const digest = createHash(hash).update(body).digest('base64')
  return `${name}=:${digest}:${own === '' ? '' : ` ${own}`}`
}

/** @returns A body that arrives in pieces, each one when the reader asks for it. */
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

/** @returns A signed request with a body. It may differ from the body that `ext` binds. */
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
