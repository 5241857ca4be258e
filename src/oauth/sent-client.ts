import { isBase64 } from '../protocol/characters.ts'
import { formDecode, type TokenForm } from './form.ts'
import { TokenRefusal } from './refusal.ts'

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
