import { createHash } from 'node:crypto'
import { callAsync } from '../callback.ts'
import { MacError } from '../errors.ts'
import type { CheckSettings } from '../options.ts'
import { DIGESTS, readBodyExt } from '../protocol/body-digest.ts'
import type { VerifiedTarget } from '../types.ts'

/** An `ext` parameter that passed its checks. */
export interface CheckedExt {
  /** The application's own part of it. */
  readonly ext: string | null
  /** Whether a digest in it is that of the body. */
  readonly bodyVerified: boolean
}

/**
 * Checks the `ext` of a request whose MAC is right: first the body by the digest in it, if the option
 * `body` asks for that, then the application's part by the function given as `ext`.
 *
 * @param target For that function.
 * @throws {@link MacError} `ERR_MAC_EXT`, `ERR_MAC_CALLBACK`; for the body `ERR_MAC_BODY_MISSING`,
 *   `ERR_MAC_BODY_SYNTAX`, `ERR_MAC_BODY_MISMATCH`, `ERR_MAC_BODY_TOO_LARGE`, `ERR_MAC_BODY_UNREADABLE`.
 */
export async function checkExt(
  request: Request,
  sent: string | null,
  check: CheckSettings,
  target: VerifiedTarget | null,
): Promise<CheckedExt> {
  const checked =
    check.body === 'ignore'
      ? { ext: sent, bodyVerified: false }
      : await checkBody(request, sent, check)
  const { ext: accepts } = check
  if (accepts && target) {
    const ask = () => accepts(checked.ext, request, target)
    const isAccepted = await callAsync('ext', ask, (answer) => answer === true)
    if (!isAccepted) throw new MacError('ERR_MAC_EXT')
  }
  return checked
}

/**
 * Compares the body of a request with the digest in its `ext`, which the MAC must be known to cover.
 *
 * The body is read from a copy, chunk by chunk and not past the limit; the request itself stays unread. A
 * request without a body has the digest of the empty string.
 *
 * @throws {@link MacError} `ERR_MAC_BODY_MISSING`, `ERR_MAC_BODY_SYNTAX`, `ERR_MAC_BODY_MISMATCH`;
 *   `ERR_MAC_BODY_TOO_LARGE`, `ERR_MAC_BODY_UNREADABLE`.
 */
async function checkBody(
  request: Request,
  ext: string | null,
  { body, maxBodyBytes }: Pick<CheckSettings, 'body' | 'maxBodyBytes'>,
): Promise<CheckedExt> {
  const bound = readBodyExt(ext)
  if (bound === null) {
    if (body === 'optional') return { ext, bodyVerified: false }
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
    // Anybody on the way can read the body, so its digest is not a secret: no constant time is needed.
    if (hash.digest('base64') === digest) continue
    throw new MacError('ERR_MAC_BODY_MISMATCH', `The body has another ${name} than was signed.`)
  }
  return { ext: bound.ext, bodyVerified: true }
}

/**
 * Reads the body of a request, chunk by chunk and not past the limit.
 *
 * @param open Returns the stream to read: a copy of the body, or the body itself.
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
      if (!ArrayBuffer.isView(value)) throw new TypeError('a chunk of the body is not bytes')
      size += value.byteLength
      if (size > limit) throw tooLarge(limit)
      take(value)
    }
  } catch (error) {
    // This cancels the copy only: what the server does with the rest of the request is left to it.
    reader.cancel().catch(() => {})
    throw error instanceof MacError ? error : unreadable(error)
  }
}

function copyOf(request: Request): ReadableStream<Uint8Array> | null {
  return request.clone().body
}

/** Returns what `Content-Length` says; 0 if it is missing or not valid. */
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
