import { MacError } from '../errors.ts'
import type { Client } from '../limits/client-address.ts'
import type { OriginSettings } from '../options.ts'
import { isLoopback } from '../protocol/host.ts'
import { isBase64 } from '../protocol/text.ts'
import { readBody } from '../server/body.ts'
import { spokenOrigin } from '../server/request-origin.ts'
import { orRefused, TokenRefusal } from './answer.ts'

/**
 * Sees to it that nobody on the way can read secret and key: TLS, or this very machine.
 *
 * Who ends TLS elsewhere says so, by `origin` or `trustProxy`; what they say is believed. Where neither
 * is given it is the request that says where it went, and anybody can write `localhost` into it: there
 * the client's address must be one of this machine as well, if it is known.
 *
 * @throws {@link TokenRefusal} `invalid_request`; a `MacError` `ERR_MAC_CALLBACK` where the
 *   function given as `origin` or `clientAddress` fails.
 */
export function checkTransport(request: Request, settings: OriginSettings, client: Client): void {
  const { scheme, host } = orRefused(() => spokenOrigin(request, settings))
  if (scheme === 'https') return
  if (!isLoopback(host)) {
    throw exposed('Behind a proxy that ends TLS, the server must be told its origin.')
  }
  if (settings.origin !== null || settings.trustProxy !== null || client.isLocal !== false) return
  throw exposed(
    'The request names this very machine, but comes from another one: use TLS; behind a proxy that ' +
      'ends it, the server must be told its origin, by the option origin or trustProxy.',
  )
}

function exposed(remedy: string): TokenRefusal {
  const why =
    'The token endpoint is for https alone: over http everybody can read the secret, which is to be ' +
    'changed now.'
  return new TokenRefusal('invalid_request', `${why} ${remedy}`)
}

/** A secret in the URI lies in logs, wherever the request has passed (RFC 6749 §2.3.1). */
export function checkQuery({ url }: Request): void {
  const [, query = ''] = /^[^?#]*\?([^#]*)/.exec(url) ?? []
  // By its name as servers decode it: `client%5Fsecret` is the same one.
  if (!new URLSearchParams(query).has('client_secret')) return
  throw new TokenRefusal(
    'invalid_request',
    'A client_secret does not belong in the URI, where logs keep it: change it, and send it in the ' +
      'Authorization header or in the body.',
  )
}

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

/** How a client authenticated: HTTP Basic, or parameters in the body (RFC 6749 §2.3.1). */
export type ClientMethod = 'basic' | 'body'

/** Who a client says that it is, and how it would prove it. */
export interface SentClient {
  readonly clientId: string
  readonly clientSecret: string
  readonly method: ClientMethod
}

/** What a client may do to be let in, told with each 401 (RFC 9110 §15.5.2). */
const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="token endpoint", charset="UTF-8"' } as const
/** The longest identifier of a client. */
const MAX_ID_LENGTH = 1024

/**
 * What the client authenticates with, not yet checked.
 *
 * @throws {@link TokenRefusal} `invalid_client` where there is nothing usable, `invalid_request` where
 *   there is more than one thing.
 */
export function sentClient(authorization: string | null, form: TokenForm): SentClient {
  const id = form.get('client_id')
  const secret = form.get('client_secret')
  if (authorization === null) {
    if (id === undefined || secret === undefined) throw invalidClient('none was sent')
    return usable({ clientId: id, clientSecret: secret, method: 'body' })
  }
  if (secret !== undefined) {
    throw ambiguous('The client authenticates in the Authorization header and in the body.')
  }
  const client = usable(readBasic(authorization))
  // Some clients repeat their name in the body. That proves nothing, and does no harm.
  if (id === undefined || id === client.clientId) return client
  throw ambiguous('The Authorization header and client_id name different clients.')
}

/** The refusal of a client that did not prove who it is, whatever it tried (RFC 6749 §5.2). */
export function invalidClient(why: string): TokenRefusal {
  const details = { headers: CHALLENGE }
  return new TokenRefusal('invalid_client', `The client authentication failed: ${why}.`, details)
}

function readBasic(authorization: string): SentClient {
  const [, token] = /^Basic +([^ ]+) *$/i.exec(authorization) ?? []
  if (token === undefined) throw invalidClient('the header is not that of the scheme Basic')
  const text = decodeBase64(token)
  const colon = text?.indexOf(':') ?? -1
  if (text === null || colon === -1) throw invalidClient('the header is malformed')
  const clientId = formDecode(text.slice(0, colon))
  const clientSecret = formDecode(text.slice(colon + 1))
  if (clientId === null || clientSecret === null) {
    throw invalidClient('name and secret are not form-encoded (RFC 6749, section 2.3.1)')
  }
  return { clientId, clientSecret, method: 'basic' }
}

/** The UTF-8 of a base64 text, or `null`. */
function decodeBase64(token: string): string | null {
  if (!isBase64(token)) return null
  try {
    const bytes = Uint8Array.from(atob(token), (character) => character.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** Without what no client's name or secret can be (RFC 6749, appendix A.1 and A.2). */
function usable(client: SentClient): SentClient {
  const { clientId, clientSecret } = client
  if (clientId === '' || clientSecret === '') throw invalidClient('a part of it is empty')
  if (clientId.length > MAX_ID_LENGTH || /\p{Cc}/u.test(clientId + clientSecret)) {
    throw invalidClient('a part of it is too long or holds a control character')
  }
  return client
}

function ambiguous(why: string): TokenRefusal {
  return new TokenRefusal('invalid_request', why)
}
