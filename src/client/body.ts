import { createHash } from 'node:crypto'

/** What `fetch` takes as a body. */
export type Body = NonNullable<RequestInit['body']>

/** The SHA-256 of a body, in base64; of the empty string where there is none. */
export function digestOf(body: Uint8Array | string | null): string {
  return createHash('sha256')
    .update(body ?? '')
    .digest('base64')
}

/** A body in memory, with the `Content-Type` that `fetch` would give it. */
export interface BufferedBody {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly type: string | null
}

/** Reads all of a body. */
export async function buffer(body: Body): Promise<BufferedBody> {
  const whole = new Response(body as BodyInit)
  // First: on Bun it is gone once the body was read.
  const type = whole.headers.get('content-type')
  return { bytes: await bytesOf(whole), type }
}

/** Reads all of the body of a request or an answer. */
export async function bytesOf(holder: Request | Response): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await holder.arrayBuffer())
}

/** Whether a body is used up when it is sent: a stream, or anything else that is read step by step. */
export function isStream(body: Body): boolean {
  if (typeof body === 'function') return true
  return typeof body === 'object' && ('getReader' in body || Symbol.asyncIterator in body)
}

/** What stays as it is now, even if the caller goes on writing to its memory. */
export function snapshot(body: Body): Body {
  if (body instanceof ArrayBuffer) return body.slice(0)
  if (ArrayBuffer.isView(body)) {
    return Uint8Array.from(new Uint8Array(body.buffer, body.byteOffset, body.byteLength))
  }
  return body instanceof URLSearchParams ? new URLSearchParams(body) : body
}
