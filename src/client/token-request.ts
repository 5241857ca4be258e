import { MacError } from '../errors.ts'
import { limitedText } from './limited-text.ts'
import type { MacFetch } from './options.ts'
import type { TokenClientSettings } from './token-options.ts'

/** The longest answer that is read, in bytes. */
const MAX_BYTES = 16_384

/** What a token endpoint answered. */
export interface TokenReply {
  readonly status: number
  /** What its body says in JSON; `null` where it is none. */
  readonly json: unknown
}

/**
 * Asks for a credential (RFC 6749 §4.4.2). A redirect is *not* followed: the secret would go along.
 *
 * @throws {@link MacError} `ERR_MAC_CLIENT_TOKEN` where no answer comes, or one that is too long.
 */
export async function requestToken(
  settings: TokenClientSettings,
  send: MacFetch,
): Promise<TokenReply> {
  const { endpoint, timeoutSeconds } = settings
  const init = tokenRequest(settings)
  const signal = AbortSignal.timeout(timeoutSeconds * 1000)
  let response: Response
  let text: string | null
  try {
    response = await send(endpoint.href, { ...init, redirect: 'manual', signal })
    text = await limitedText(response, MAX_BYTES)
  } catch (cause) {
    throw noToken(
      signal.aborted ? `did not answer within ${timeoutSeconds} seconds` : 'could not be reached',
      cause,
    )
  }
  if (text === null) throw noToken(`gave an answer of more than ${MAX_BYTES} bytes`)
  return { status: response.status, json: parsed(text) }
}

/** Says that there is no credential, and why; of what the endpoint says it must not show all. */
export function noToken(why: string, cause?: unknown): MacError {
  const options = cause === undefined ? {} : { cause }
  return new MacError('ERR_MAC_CLIENT_TOKEN', `The token endpoint ${why}.`, options)
}

function tokenRequest(settings: TokenClientSettings): RequestInit {
  const { clientId, clientSecret, scope, authentication } = settings
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (scope !== null) form.set('scope', scope)
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  }
  if (authentication === 'basic') {
    headers.authorization = `Basic ${basicToken(settings)}`
  } else {
    form.set('client_id', clientId)
    form.set('client_secret', clientSecret)
  }
  return { method: 'POST', headers, body: form.toString() }
}

/** The secret as it is, as it is sent, and as an endpoint may write it that has decoded it. */
export function secretForms(settings: TokenClientSettings): readonly string[] {
  const { clientSecret } = settings
  return [
    clientSecret,
    formEncode(clientSecret),
    encodeURIComponent(clientSecret),
    // It tells the secret without its padding too.
    basicToken(settings).replace(/=+$/, ''),
  ]
}

function basicToken({ clientId, clientSecret }: TokenClientSettings): string {
  return btoa(`${formEncode(clientId)}:${formEncode(clientSecret)}`)
}

/** Form encoding (RFC 6749, appendix B), which each part of HTTP Basic is in here (§2.3.1). */
function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
