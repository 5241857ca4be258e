import { MAC_ALGORITHMS } from '../protocol/algorithm.ts'
import { readCredential, type Signer } from './credential.ts'
import { showsSecret } from './secret-forms.ts'
import { noToken, type TokenFailure } from './token-failure.ts'
import type { TokenReply } from './token-request.ts'

/** A credential that a token endpoint gave. */
export interface Token {
  readonly signer: Signer
  /** How long it is valid, in seconds from when it was made. */
  readonly lifetime: number
}

/**
 * Reads the answer of a token endpoint (draft §5.1, RFC 6749 §5.1 and §5.2).
 *
 * @param hidden The secret in the forms in which it is sent or commonly echoed: none is shown, even where
 *   the endpoint says it.
 * @throws {@link TokenFailure} for all that is no MAC credential.
 */
export function readToken(reply: TokenReply, hidden: readonly string[]): Token {
  const { status, json } = reply
  const answer = isObject(json) ? json : null
  if (status !== 200) throw refused(reply, answer, hidden)
  if (answer === null) throw noToken('gave an answer that is no JSON object')
  const { token_type: type, expires_in: lifetime } = answer
  if (typeof type !== 'string' || type.toLowerCase() !== 'mac') {
    throw unusable('token_type is not mac')
  }
  if (typeof lifetime !== 'number' || !(lifetime > 0 && lifetime < Number.POSITIVE_INFINITY)) {
    throw unusable('expires_in is not a positive number')
  }
  return { signer: signerOf(answer), lifetime }
}

function signerOf(answer: Readonly<Record<string, unknown>>): Signer {
  const { access_token: id, mac_key: key, mac_algorithm: algorithm } = answer
  const known = MAC_ALGORITHMS.find((each) => each === algorithm)
  if (known === undefined) throw unusable(`mac_algorithm is not ${MAC_ALGORITHMS.join(' or ')}`)
  if (typeof id !== 'string') throw unusable('access_token is no string')
  if (typeof key !== 'string') throw unusable('mac_key is no string')
  try {
    return readCredential({ id, key, algorithm: known })
  } catch (cause) {
    throw noToken(
      'gave a credential that cannot be used: access_token or mac_key is empty, or holds what none can',
      { cause },
    )
  }
}

function unusable(what: string): TokenFailure {
  return noToken(`gave an answer that cannot be used: ${what}`)
}

function refused(
  { status, retryAfter }: TokenReply,
  answer: Readonly<Record<string, unknown>> | null,
  hidden: readonly string[],
): TokenFailure {
  if (status === 0 || (status >= 300 && status < 400)) {
    return noToken('redirects, which is not followed: the secret would go along', {
      retryAfter,
    })
  }
  const error = shown(answer?.error, hidden)
  if (error === null) return noToken(`answered ${status}`, { retryAfter })
  const description = shown(answer?.error_description, hidden)
  const why = description === null ? error : `${error}: ${description}`
  return noToken(`answered ${status}, ${why}`, { retryAfter })
}

/** What of an error is fit for a log: printable ASCII (RFC 6749 §5.2), not too long, no secret. */
function shown(text: unknown, hidden: readonly string[]): string | null {
  if (typeof text !== 'string') return null
  if (showsSecret(text, hidden)) return null
  const clean = text.replace(/[^\x20-\x7e]/gu, '?').slice(0, 300)
  return clean.replace(/\.$/, '') || null
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
