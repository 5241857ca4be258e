import { limitedText } from './limited-text.ts'
import type { MacFetch } from './options.ts'
import { retryAfterOf } from './retry-after.ts'
import { basicToken } from './secret-forms.ts'
import { noToken } from './token-failure.ts'
import type { TokenClientSettings } from './token-options.ts'

/** The longest answer that is read, in bytes. */
const MAX_BYTES = 16_384

/** What a token endpoint answered. */
export interface TokenReply {
  readonly status: number
  /** What its body says in JSON; `null` where it is none. */
  readonly json: unknown
  /** For how long it asks not to be asked again, in seconds; `null` where it does not. */
  readonly retryAfter: number | null
}

/**
 * Asks for a credential (RFC 6749 §4.4.2). A redirect is *not* followed: the secret would go along.
 *
 * @param now A clock in seconds since 1970.
 * @throws {@link TokenFailure} where no answer comes, or one that is too long.
 */
export async function requestToken(
  settings: TokenClientSettings,
  send: MacFetch,
  now: () => number,
): Promise<TokenReply> {
  const { endpoint, timeoutSeconds } = settings
  const init = tokenRequest(settings)
  let signal: AbortSignal | null = null
  let response: Response
  let text: string | null
  try {
    // Timers want whole numbers, and 2.01 seconds are none of milliseconds, as JavaScript multiplies.
    signal = AbortSignal.timeout(Math.ceil(timeoutSeconds * 1000))
    response = await send(endpoint.href, { ...init, redirect: 'manual', signal })
    text = await limitedText(response, MAX_BYTES)
  } catch (cause) {
    throw noToken(
      signal?.aborted ? `did not answer within ${timeoutSeconds} seconds` : 'could not be reached',
      { cause },
    )
  }
  const retryAfter = retryAfterOf(response, now())
  if (text === null) throw noToken(`gave an answer of more than ${MAX_BYTES} bytes`, { retryAfter })
  return { status: response.status, json: parsed(text), retryAfter }
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
