import { createHash } from 'node:crypto'
import { MacError } from '../errors.ts'
import { DIGESTS, readBodyExt } from '../protocol/body-digest.ts'

/** What is demanded of the bodies of requests. */
export interface BodyRule {
  readonly body: 'required' | 'optional' | 'ignore'
  /** The longest body that is read, in bytes. */
  readonly maxBodyBytes: number
}

/** What became of a body, and of the parameter that may bind it. */
export interface BoundBody {
  /** The application's own part of `ext`. */
  readonly ext: string | null
  /** Whether the body is the one that was signed. */
  readonly verified: boolean
}

/**
 * Holds the body of a request against the digest in its `ext`, which the MAC must be known to cover.
 *
 * The body is read from a copy, chunk by chunk and not past the limit; the request itself stays as it
 * was, unread. A request without a body has the digest of the empty string.
 *
 * @throws {@link MacError} `ERR_MAC_BODY_MISSING`, `ERR_MAC_BODY_SYNTAX`, `ERR_MAC_BODY_MISMATCH`;
 *   `ERR_MAC_BODY_TOO_LARGE`, `ERR_MAC_BODY_UNREADABLE`.
 */
export async function verifyBody(
  request: Request,
  ext: string | null,
  { body, maxBodyBytes }: BodyRule,
): Promise<BoundBody> {
  const bound = readBodyExt(ext)
  if (bound === null) {
    if (body === 'optional') return { ext, verified: false }
    throw new MacError(
      'ERR_MAC_BODY_MISSING',
      'The parameter ext holds no sha-256 or sha-512 of the body, without which it is not covered.',
    )
  }
  const expected = Array.from(bound.digests, ([name, digest]) => {
    return { name, digest, hash: createHash(DIGESTS[name].hash) }
  })
  await readBody(request, maxBodyBytes, copyOf, (chunk) => {
    for (const { hash } of expected) hash.update(chunk)
  })
  for (const { name, digest, hash } of expected) {
    // Digests of what anybody on the way can read are no secret: to compare them may take any time.
    if (hash.digest('base64') === digest) continue
    throw new MacError('ERR_MAC_BODY_MISMATCH', `The body has another ${name} than was signed.`)
  }
  return { ext: bound.ext, verified: true }
}

/**
 * Reads the body of a request, chunk by chunk and not past the limit.
 *
 * @param open Gives the stream to read: a copy of the body, or the body itself.
 * @throws {@link MacError} `ERR_MAC_BODY_TOO_LARGE`, `ERR_MAC_BODY_UNREADABLE`.
 */
export async function readBody(
  request: Request,
  limit: number,
  open: (request: Request) => ReadableStream<Uint8Array> | null,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  if (declaredLength(request) > limit) throw tooLarge(limit)
  const reader = openUnread(request, open)?.getReader()
  if (reader === undefined) return
  try {
    let size = 0
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      if (!ArrayBuffer.isView(value)) throw new TypeError('a chunk of the body is no bytes')
      size += value.byteLength
      if (size > limit) throw tooLarge(limit)
      take(value)
    }
  } catch (error) {
    // Of a copy, of that alone: what is left of the request is its server's, to take in or to drop.
    reader.cancel().catch(() => {})
    throw error instanceof MacError ? error : unreadable(error)
  }
}

function copyOf(request: Request): ReadableStream<Uint8Array> | null {
  return request.clone().body
}

/** What `Content-Length` says, if it says anything that can be relied on to refuse. */
function declaredLength(request: Request): number {
  const declared = request.headers.get('content-length')
  return declared !== null && /^[0-9]+$/.test(declared) ? Number(declared) : 0
}

function openUnread(
  request: Request,
  open: (request: Request) => ReadableStream<Uint8Array> | null,
): ReadableStream<Uint8Array> | null {
  try {
    if (request.bodyUsed) throw new TypeError('the body was read before')
    return open(request)
  } catch (cause) {
    throw unreadable(cause)
  }
}

function tooLarge(limit: number): MacError {
  return new MacError('ERR_MAC_BODY_TOO_LARGE', `The body has more than ${limit} bytes.`)
}

function unreadable(cause: unknown): MacError {
  const why = 'The body broke off, or something read it before withMac did.'
  return new MacError('ERR_MAC_BODY_UNREADABLE', why, { cause })
}
