import { MacError } from '../errors.ts'
import type { ClientAddress } from '../limits/client-address.ts'
import type { OriginSettings } from '../options.ts'
import { isBase64 } from '../protocol/characters.ts'
import { readBody } from '../server/body.ts'
import { spokenOrigin } from '../server/request-origin.ts'
import { orRefused, TokenRefusal } from './answer.ts'

/**
 * Checks that no attacker on the way can read secret and key: the request must use TLS, or come from this
 * machine.
 *
 * If `origin` or `trustProxy` is set, it alone decides, since a proxy may end TLS. Otherwise the request
 * says where it was sent to, and an attacker can write `localhost` into it. So for `localhost` the
 * client's address must also be one of this machine, if the address is known.
 *
 * @throws {@link TokenRefusal} `invalid_request` if it is not protected. `MacError` `ERR_MAC_CALLBACK` if
 *   the function `origin` or `clientAddress` fails.
 */
export function checkTransport(
  request: Request,
  settings: OriginSettings,
  clientAddress: ClientAddress,
): void {
  const { scheme, host } = orRefused(() => spokenOrigin(request, settings))
  if (scheme === 'https') return
  if (!isLoopback(host)) {
    throw exposed('Behind a proxy that ends TLS, set the option origin of the server.')
  }
  if (settings.origin !== null || settings.trustProxy !== null || clientAddress.isLocal !== false)
    return
  throw exposed(
    'The request names this machine, but comes from another one. Use TLS. Behind a proxy that ends TLS, ' +
      'set the option origin or trustProxy of the server.',
  )
}

function exposed(remedy: string): TokenRefusal {
  const why =
    'The token endpoint needs https: over http an attacker can read the secret. Change the secret now.'
  return new TokenRefusal('invalid_request', `${why} ${remedy}`)
}

/** Checks that the URI contains no secret: servers and proxies log URIs (RFC 6749 §2.3.1). */
export function checkQuery({ url }: Request): void {
  const [, query = ''] = /^[^?#]*\?([^#]*)/.exec(url) ?? []
  // The name is decoded: `client%5Fsecret` is the same name.
  if (!new URLSearchParams(query).has('client_secret')) return
  throw new TokenRefusal(
    'invalid_request',
    'A client_secret must not be in the URI, which is kept in logs. Change the secret, and send it in ' +
      'the Authorization header or in the body.',
  )
}

/** The parameters that the endpoint knows. All others are ignored (RFC 6749 §3.2). */
const PARAMETERS = ['grant_type', 'client_id', 'client_secret', 'scope'] as const
type Parameter = (typeof PARAMETERS)[number]

/** The parameters that were sent. A parameter without a value counts as not sent (RFC 6749 §3.2). */
export type TokenForm = ReadonlyMap<Parameter, string>

/** The longest body that is read, in bytes. */
const MAX_BYTES = 16_384
const FORM = /^application\/x-www-form-urlencoded[ \t]*(?:;|$)/i

/**
 * Reads the form in the body.
 * @throws {@link TokenRefusal} `invalid_request`, with 413 if the body is too long.
 */
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

/**
 * Parses a form.
 * @throws {@link TokenRefusal} `invalid_request` if a parameter is repeated, or the encoding is malformed.
 */
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

/** Decodes form encoding (RFC 6749, appendix B). `null` if it is malformed, or not UTF-8. */
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
    return malformed('The body ended too early, or was read before the endpoint read it.')
  }
  const why = `The body has more than ${MAX_BYTES} bytes.`
  return new TokenRefusal('invalid_request', why, { status: error.status })
}

function malformed(why: string): TokenRefusal {
  return new TokenRefusal('invalid_request', why)
}

/** How a client authenticated: HTTP Basic, or parameters in the body (RFC 6749 §2.3.1). */
export type ClientMethod = 'basic' | 'body'

/** The name and the secret that a client sent. They are *not* authenticated. */
export interface SentClient {
  readonly clientId: string
  readonly clientSecret: string
  readonly method: ClientMethod
}

/** The challenge of each 401 (RFC 9110 §15.5.2). */
const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="token endpoint", charset="UTF-8"' } as const
/** The longest name of a client. */
const MAX_ID_LENGTH = 1024

/**
 * Reads name and secret of the client. It does *not* check the secret.
 *
 * @throws {@link TokenRefusal} `invalid_client` if they are missing or malformed, `invalid_request` if the
 *   client sent them in two ways.
 */
export function sentClient(authorization: string | null, form: TokenForm): SentClient {
  const id = form.get('client_id')
  const secret = form.get('client_secret')
  if (authorization === null) {
    if (id === undefined || secret === undefined) throw invalidClient('name or secret is missing')
    return usable({ clientId: id, clientSecret: secret, method: 'body' })
  }
  if (secret !== undefined) {
    throw ambiguous('The secret is in the Authorization header and in the body. Send it only once.')
  }
  const client = usable(readBasic(authorization))
  // Some clients repeat their name in the body. That is harmless.
  if (id === undefined || id === client.clientId) return client
  throw ambiguous('The Authorization header and client_id name different clients.')
}

/** Makes the refusal of a client that is not authenticated (RFC 6749 §5.2). */
export function invalidClient(why: string): TokenRefusal {
  const details = { headers: CHALLENGE }
  return new TokenRefusal('invalid_client', `The client authentication failed: ${why}.`, details)
}

function readBasic(authorization: string): SentClient {
  const [, token] = /^Basic +([^ ]+) *$/i.exec(authorization) ?? []
  if (token === undefined)
    throw invalidClient('the Authorization header does not use the scheme Basic')
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

/** Decodes base64 to UTF-8. `null` if one of them is not valid. */
function decodeBase64(token: string): string | null {
  if (!isBase64(token)) return null
  try {
    const bytes = Uint8Array.from(atob(token), (character) => character.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** Checks the characters of name and secret (RFC 6749, appendix A.1 and A.2). */
function usable(client: SentClient): SentClient {
  const { clientId, clientSecret } = client
  if (clientId === '' || clientSecret === '') throw invalidClient('name or secret is empty')
  if (clientId.length > MAX_ID_LENGTH || /\p{Cc}/u.test(clientId + clientSecret)) {
    throw invalidClient('name or secret is too long or holds a control character')
  }
  return client
}

function ambiguous(why: string): TokenRefusal {
  return new TokenRefusal('invalid_request', why)
}

/**
 * The names of this machine, as a client may write them. It includes `x.localhost`. The rule of the client, in
 * `src/client/wire.ts`, does not, because the DNS could lead such a name elsewhere. The rule for the address of a
 * connection is `isLoopbackAddress`.
 */
const LOOPBACK = /^(?:(?:.+\.)?localhost\.?|127(?:\.\d+){3}|\[::1\])$/

/**
 * Whether the host of a received request names this machine. It does *not* prove that the request came from
 * this machine: any client can write this host.
 */
function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}
