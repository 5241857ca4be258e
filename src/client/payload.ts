import { createHash } from 'node:crypto'

/** The body of a request that may have to be sent more than once. */
export interface Payload {
  /** Its SHA-256 in base64, where it is bound to the MAC; else `null`. */
  readonly digest: string | null
  /** The `Content-Type` that must go with it, where `fetch` would not know it any more. */
  readonly type: string | null
  /** What to give `fetch` as body this time; `undefined` where the `Request` that it is given has it. */
  take(): Body | null | undefined
  /** Whether there is one. */
  readonly present: boolean
  /** Whether it can be taken once more. */
  readonly repeatable: boolean
  /** Says that it will not be needed again. */
  drop(): void
}

/**
 * The payload of a call of `fetch`.
 *
 * @param bind Whether it is bound to the MAC: then it is read into memory.
 */
export async function payloadOf(
  request: Request | null,
  body: Body | null,
  bind: boolean,
): Promise<Payload> {
  const carried = request !== null && request.body !== null && body === null
  if (!carried && body === null) return noPayload(bind)
  if (bind) {
    const { bytes, type } = carried
      ? { bytes: await bytesOf(request), type: null }
      : await buffer(body as Body)
    return given(bytes, { digest: digestOf(bytes), type })
  }
  return carried ? carriedBy(request) : given(snapshot(body as Body), { digest: null, type: null })
}

/** No body, which has a digest as well. */
export function noPayload(bind: boolean): Payload {
  return {
    digest: bind ? digestOf(null) : null,
    type: null,
    take: () => null,
    present: false,
    repeatable: true,
    drop() {},
  }
}

function given(body: Body, about: Pick<Payload, 'digest' | 'type'>): Payload {
  return { ...about, take: () => body, present: true, repeatable: !isStream(body), drop() {} }
}

/** A body within a `Request`, that goes the first time as it is, a stream if it is one. */
function carriedBy(request: Request): Payload {
  const kept = new KeptBody(request)
  let taken = false
  return {
    digest: null,
    type: null,
    take() {
      if (taken) return kept.bytes
      taken = true
      return undefined
    },
    present: true,
    get repeatable() {
      return kept.bytes !== null
    },
    drop: () => kept.drop(),
  }
}

/** What `fetch` takes as a body. */
type Body = NonNullable<RequestInit['body']>

/** The SHA-256 of a body, in base64; of the empty string where there is none. */
export function digestOf(body: Uint8Array | string | null): string {
  return createHash('sha256')
    .update(body ?? '')
    .digest('base64')
}

/** A body in memory, with the `Content-Type` that `fetch` would give it. */
interface BufferedBody {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly type: string | null
}

/** Reads all of a body. */
async function buffer(body: Body): Promise<BufferedBody> {
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
function isStream(body: Body): boolean {
  if (typeof body === 'function') return true
  return typeof body === 'object' && ('getReader' in body || Symbol.asyncIterator in body)
}

/** What stays as it is now, even if the caller goes on writing to its memory. */
function snapshot(body: Body): Body {
  if (body instanceof ArrayBuffer) return body.slice(0)
  if (ArrayBuffer.isView(body)) {
    return Uint8Array.from(new Uint8Array(body.buffer, body.byteOffset, body.byteLength))
  }
  return body instanceof URLSearchParams ? new URLSearchParams(body) : body
}

/** How much of the body of a `Request` is kept, in bytes, in case that it must be sent again. */
const MOST_KEPT = 1_048_576

/**
 * Keeps a copy of the body of a `Request` while it is sent. Of a `Request` there is no telling whether
 * its body came from a string, which could be sent again, or from a stream, which could not.
 */
export class KeptBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #chunks: Uint8Array[] | null = []
  #whole = false

  /** @param request Its body must not have been read, and is not read by this. */
  constructor(request: Request) {
    this.#reader = (
      request.clone().body as ReadableStream<Uint8Array>
    ).getReader() as ReadableStreamDefaultReader<Uint8Array>
    this.#read().catch(() => this.drop())
  }

  /** The body, where all of it was read by now and it is not too large; else `null`. */
  get bytes(): Uint8Array<ArrayBuffer> | null {
    return this.#whole && this.#chunks !== null ? joined(this.#chunks) : null
  }

  /** Forgets it. What is still to come goes to the one who sends it alone. */
  drop(): void {
    this.#chunks = null
    // Where the stream failed, there is nothing to cancel.
    this.#reader.cancel().catch(() => {})
  }

  async #read(): Promise<void> {
    let length = 0
    for (;;) {
      const { done, value } = await this.#reader.read()
      if (done) break
      length += value.byteLength
      if (length > MOST_KEPT) return this.drop()
      this.#chunks?.push(value)
    }
    this.#whole = true
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

/** The body of an answer as text; `null`, and no more of it is read, where it has more bytes. */
export async function limitedText({ body }: Response, bytes: number): Promise<string | null> {
  const reader = body?.getReader()
  if (reader === undefined) return ''
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    size += value.byteLength
    if (size > bytes) {
      reader.cancel().catch(() => {})
      return null
    }
    text += decoder.decode(value, { stream: true })
  }
}
