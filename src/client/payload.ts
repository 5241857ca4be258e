import { digestBody } from './crypto.ts'

/** Every type of body that `fetch` takes. */
type Body = NonNullable<RequestInit['body']>

/** The body of a request. It may have to be sent more than once. */
export interface Payload {
  /** The SHA-256 of the body in base64, if it is bound to the MAC. Otherwise `null`. */
  readonly digest: string | null
  /** The `Content-Type` to set. `null` if `fetch` sets it itself. */
  readonly type: string | null
  /**
   * Returns the body for the next request that is sent; `null` if there is none. The body of a `Request` has a
   * state: the first call returns `undefined`, which means that `fetch` gets the caller's `Request`, and marks it
   * as used. Each later call returns the copy. After the first call, call it again only if the payload is
   * `repeatable`.
   */
  take(): Body | null | undefined
  /** Whether there is a body. */
  readonly present: boolean
  /** Whether it can be sent again. For the body of a `Request`, this changes while it is sent. */
  readonly repeatable: boolean
  /** Frees the memory. The body is not needed again. */
  drop(): void
}

/**
 * Returns the payload of a call of `fetch`.
 *
 * @param bind Whether the body is bound to the MAC. If it is, it is read into memory.
 */
export async function createPayload(
  request: Request | null,
  body: Body | null,
  bind: boolean,
): Promise<Payload> {
  const carried = request !== null && request.body !== null && body === null
  if (!carried && body === null) return emptyPayload(bind)
  if (bind) {
    const { bytes, type } = carried
      ? { bytes: await readBytes(request), type: null }
      : await readWithType(body as Body)
    return separatePayload(bytes, { digest: await digestBody(bytes), type })
  }
  if (carried) return requestPayload(request)
  return separatePayload(copyBody(body as Body), { digest: null, type: null })
}

/** The SHA-256 of no body, in base64: that of the empty string. */
export const EMPTY_DIGEST = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='

/** The payload without a body. It has a digest as well. */
export function emptyPayload(bind: boolean): Payload {
  return {
    digest: bind ? EMPTY_DIGEST : null,
    type: null,
    take: () => null,
    present: false,
    repeatable: true,
    drop() {},
  }
}

function separatePayload(value: Body, about: Pick<Payload, 'digest' | 'type'>): Payload {
  return {
    ...about,
    take: () => value,
    present: true,
    repeatable: !isStream(value),
    drop() {},
  }
}

/** The body of a `Request`. The first time it is sent as it is: a stream as a stream. */
function requestPayload(request: Request): Payload {
  const kept = new KeptBody(request)
  let isTaken = false
  return {
    digest: null,
    type: null,
    take() {
      if (isTaken) return kept.bytes
      isTaken = true
      return undefined
    },
    present: true,
    get repeatable() {
      return kept.bytes !== null
    },
    drop: () => kept.drop(),
  }
}

/** A body in memory, with the `Content-Type` that `fetch` would set. */
interface BufferedBody {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly type: string | null
}

async function readWithType(body: Body): Promise<BufferedBody> {
  const whole = new Response(body as BodyInit)
  // Before the body is read: after that, Bun has no type any more.
  const type = whole.headers.get('content-type')
  return { bytes: await readBytes(whole), type }
}

export async function readBytes(holder: Request | Response): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await holder.arrayBuffer())
}

/** Whether a body can be sent only once: a stream, or anything else that is read step by step. */
function isStream(body: Body): boolean {
  if (typeof body === 'function') return true
  return typeof body === 'object' && ('getReader' in body || Symbol.asyncIterator in body)
}

/** Copies a body that the caller could still change. */
function copyBody(body: Body): Body {
  if (body instanceof ArrayBuffer) return body.slice(0)
  if (ArrayBuffer.isView(body)) {
    return Uint8Array.from(new Uint8Array(body.buffer, body.byteOffset, body.byteLength))
  }
  return body instanceof URLSearchParams ? new URLSearchParams(body) : body
}

/** The maximum length of a body of a `Request` that is kept for sending it again, in bytes. */
const MAX_KEPT_BYTES = 1_048_576

/**
 * Keeps a copy of the body of a `Request` while it is sent. A `Request` does not show whether its body
 * came from a string, which can be sent again, or from a stream, which cannot.
 */
export class KeptBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #chunks: Uint8Array[] | null = []
  #whole = false

  /** @param request A request with an unread body. The body stays unread. */
  constructor(request: Request) {
    this.#reader = (
      request.clone().body as ReadableStream<Uint8Array>
    ).getReader() as ReadableStreamDefaultReader<Uint8Array>
    this.#read().catch(() => this.drop())
  }

  /** The body. `null` if it was not read to its end yet, or if it is too large. */
  get bytes(): Uint8Array<ArrayBuffer> | null {
    return this.#whole && this.#chunks !== null ? joinChunks(this.#chunks) : null
  }

  /** Forgets the copy, and copies no more. */
  drop(): void {
    this.#chunks = null
    // If the stream failed, there is nothing to cancel.
    this.#reader.cancel().catch(() => {})
  }

  async #read(): Promise<void> {
    let length = 0
    for (;;) {
      const { done, value } = await this.#reader.read()
      if (done) break
      length += value.byteLength
      if (length > MAX_KEPT_BYTES) return this.drop()
      this.#chunks?.push(value)
    }
    this.#whole = true
  }
}

function joinChunks(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

/** Reads the body of a response as text. If it has more than so many bytes, it stops and returns `null`. */
export async function readLimitedText(
  { body }: Response,
  maxBytes: number,
): Promise<string | null> {
  const reader = body?.getReader()
  if (reader === undefined) return ''
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    size += value.byteLength
    if (size > maxBytes) {
      reader.cancel().catch(() => {})
      return null
    }
    text += decoder.decode(value, { stream: true })
  }
}
