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
