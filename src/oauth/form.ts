import { MacError } from '../errors.ts'
import { readBody } from '../server/body.ts'
import { TokenRefusal } from './refusal.ts'

/** The parameters that the endpoint knows. All others are ignored (RFC 6749 §3.2). */
const PARAMETERS = ['grant_type', 'client_id', 'client_secret', 'scope'] as const
type Parameter = (typeof PARAMETERS)[number]

/** What was sent of them. Those without a value count as not sent (RFC 6749 §3.2). */
export type TokenForm = ReadonlyMap<Parameter, string>

/** The longest body that is read, in bytes. */
const MAX_BYTES = 16_384
const FORM = /^application\/x-www-form-urlencoded[ \t]*(?:;|$)/i

/** @throws {@link TokenRefusal} `invalid_request`, with 413 for a body that is too long. */
export async function readForm(request: Request): Promise<TokenForm> {
  if (!FORM.test(request.headers.get('content-type') ?? '')) {
    throw malformed('The body must be of the type application/x-www-form-urlencoded.')
  }
  const chunks: Uint8Array[] = []
  try {
    await readBody(
      request,
      MAX_BYTES,
      ({ body }) => body,
      (chunk) => chunks.push(chunk),
    )
  } catch (error) {
    if (error instanceof MacError) throw unread(error)
    throw error
  }
  return parseForm(decode(chunks))
}

/** @throws {@link TokenRefusal} `invalid_request` for a repeated parameter, and a malformed encoding. */
export function parseForm(text: string): TokenForm {
  const form = new Map<Parameter, string>()
  for (const piece of text.split('&')) {
    const equals = piece.indexOf('=')
    const name = formDecode(equals === -1 ? piece : piece.slice(0, equals))
    const value = equals === -1 ? '' : formDecode(piece.slice(equals + 1))
    if (name === null || value === null) throw malformed('The body is not form-encoded UTF-8.')
    if (value === '' || !isParameter(name)) continue
    if (form.has(name)) throw malformed(`The parameter ${name} is repeated.`)
    form.set(name, value)
  }
  return form
}

/** Undoes form encoding (RFC 6749, appendix B); `null` where it is malformed or no UTF-8. */
export function formDecode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}

function isParameter(name: string): name is Parameter {
  return (PARAMETERS as readonly string[]).includes(name)
}

function decode(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    const texts = chunks.map((chunk) => decoder.decode(chunk, { stream: true }))
    return texts.join('') + decoder.decode()
  } catch {
    throw malformed('The body is not form-encoded UTF-8.')
  }
}

function unread(error: MacError): TokenRefusal {
  if (error.code !== 'ERR_MAC_BODY_TOO_LARGE') {
    return malformed('The body broke off, or something read it before the endpoint did.')
  }
  const why = `The body has more than ${MAX_BYTES} bytes.`
  return new TokenRefusal('invalid_request', why, { status: error.status })
}

function malformed(why: string): TokenRefusal {
  return new TokenRefusal('invalid_request', why)
}
