/** The `Authorization` header is missing, or is malformed. */
export type HeaderErrorCode =
  | 'ERR_MAC_MISSING'
  | 'ERR_MAC_HEADER_TOO_LONG'
  | 'ERR_MAC_HEADER_SYNTAX'
  | 'ERR_MAC_HEADER_CHARACTER'
  | 'ERR_MAC_HEADER_SEPARATOR'
  | 'ERR_MAC_CREDENTIALS_REPEATED'
  | 'ERR_MAC_PARAMETER_MISSING'
  | 'ERR_MAC_PARAMETER_REPEATED'
  | 'ERR_MAC_PARAMETER_EMPTY'
  | 'ERR_MAC_PARAMETER_TOO_LONG'
  | 'ERR_MAC_TIMESTAMP_SYNTAX'
  | 'ERR_MAC_ENCODING'

/** The header can be read, but the server rejects the request. */
export type RejectionErrorCode =
  | 'ERR_MAC_METHOD'
  | 'ERR_MAC_TARGET'
  | 'ERR_MAC_HOST'
  | 'ERR_MAC_FORWARDED'
  | 'ERR_MAC_ORIGIN'
  | 'ERR_MAC_REJECTED'
  | 'ERR_MAC_UNKNOWN_IDENTIFIER'
  | 'ERR_MAC_MISMATCH'
  | 'ERR_MAC_REVOKED'
  | 'ERR_MAC_EXPIRED'
  | 'ERR_MAC_DISABLED'
  | 'ERR_MAC_KEY_RETIRED'
  | 'ERR_MAC_TIMESTAMP_STALE'
  | 'ERR_MAC_TIMESTAMP_AHEAD'
  | 'ERR_MAC_REPLAY'
  | 'ERR_MAC_EXT'
  | 'ERR_MAC_BODY_MISSING'
  | 'ERR_MAC_BODY_SYNTAX'
  | 'ERR_MAC_BODY_MISMATCH'
  | 'ERR_MAC_BODY_TOO_LARGE'
  | 'ERR_MAC_BODY_UNREADABLE'
  | 'ERR_MAC_SCOPE'
  | 'ERR_MAC_RATE_LIMITED'
  | 'ERR_MAC_FAILURES_LIMITED'

/** The server cannot check the request. */
export type ServerErrorCode =
  | 'ERR_MAC_STORE'
  | 'ERR_MAC_SEALED'
  | 'ERR_MAC_CALLBACK'
  | 'ERR_MAC_INTERNAL'
  | 'ERR_MAC_CLOSED'

/** A function of the library was called with something that it cannot use. */
export type UsageErrorCode =
  | 'ERR_MAC_NOT_VERIFIED'
  | 'ERR_MAC_CREDENTIAL_EXISTS'
  | 'ERR_MAC_CREDENTIAL_UNKNOWN'
  | 'ERR_MAC_CREDENTIAL_ENDED'
  | 'ERR_MAC_CREDENTIAL_ROTATED'

/** A client cannot sign, send or renew. */
export type ClientErrorCode =
  | 'ERR_MAC_CHALLENGE_SYNTAX'
  | 'ERR_MAC_CLIENT_URL'
  | 'ERR_MAC_CLIENT_METHOD'
  | 'ERR_MAC_CLIENT_HEADER'
  | 'ERR_MAC_CLIENT_REDIRECT'
  | 'ERR_MAC_CLIENT_TOKEN'
  | 'ERR_MAC_CLIENT_ANSWER_LOST'

/**
 * The stable codes of `MacError`. A minor version may add codes.
 *
 * `ERR_MAC_KEY_RETIRED` means that an old key signed after its grace period. The old key is removed a minute or
 * two after its end. From then on it is like any other wrong key: `ERR_MAC_MISMATCH`.
 */
export type MacErrorCode =
  | HeaderErrorCode
  | RejectionErrorCode
  | ServerErrorCode
  | UsageErrorCode
  | ClientErrorCode

/**
 * The HTTP status of each code, and one sentence that a client may read. The sentences contain no
 * secret, and nothing that a client sent.
 */
const CATALOGUE: Readonly<Record<MacErrorCode, readonly [status: number, title: string]>> = {
  ERR_MAC_MISSING: [401, 'No MAC credentials were sent.'],
  ERR_MAC_HEADER_TOO_LONG: [401, 'The Authorization header is too long.'],
  ERR_MAC_HEADER_SYNTAX: [401, 'The Authorization header is malformed.'],
  ERR_MAC_HEADER_CHARACTER: [401, 'The Authorization header has a character that is not allowed.'],
  ERR_MAC_HEADER_SEPARATOR: [401, 'The parameters are not separated by commas.'],
  ERR_MAC_CREDENTIALS_REPEATED: [401, 'More than one set of credentials was sent.'],
  ERR_MAC_PARAMETER_MISSING: [401, 'A required parameter is missing.'],
  ERR_MAC_PARAMETER_REPEATED: [401, 'A parameter is repeated.'],
  ERR_MAC_PARAMETER_EMPTY: [401, 'A required parameter is empty.'],
  ERR_MAC_PARAMETER_TOO_LONG: [401, 'A parameter is too long.'],
  ERR_MAC_TIMESTAMP_SYNTAX: [401, 'The timestamp is not a positive whole number of seconds.'],
  ERR_MAC_ENCODING: [401, 'The MAC is not base64.'],
  ERR_MAC_METHOD: [401, 'The request method is malformed.'],
  ERR_MAC_TARGET: [401, 'The request target is malformed.'],
  ERR_MAC_HOST: [401, 'The host of the request is missing or malformed.'],
  ERR_MAC_FORWARDED: [401, 'The forwarded origin of the request is ambiguous or malformed.'],
  ERR_MAC_ORIGIN: [401, 'The request names an origin that is not served here.'],
  ERR_MAC_REJECTED: [401, 'The key identifier is unknown or the MAC is wrong.'],
  ERR_MAC_UNKNOWN_IDENTIFIER: [401, 'The key identifier is unknown.'],
  ERR_MAC_MISMATCH: [401, 'The MAC is wrong.'],
  ERR_MAC_REVOKED: [401, 'The credential was revoked.'],
  ERR_MAC_DISABLED: [401, 'The credential is disabled.'],
  ERR_MAC_KEY_RETIRED: [401, 'The key was replaced.'],
  ERR_MAC_EXPIRED: [401, 'The credential has expired.'],
  ERR_MAC_TIMESTAMP_STALE: [401, 'The timestamp is too old.'],
  ERR_MAC_TIMESTAMP_AHEAD: [401, 'The timestamp is too far in the future.'],
  ERR_MAC_REPLAY: [401, 'The nonce was used before.'],
  ERR_MAC_EXT: [401, 'The ext parameter was rejected.'],
  ERR_MAC_BODY_MISSING: [401, 'The MAC does not cover the body.'],
  ERR_MAC_BODY_SYNTAX: [401, 'The digest of the body is malformed.'],
  ERR_MAC_BODY_MISMATCH: [401, 'The body is not the one that was signed.'],
  ERR_MAC_BODY_TOO_LARGE: [413, 'The body is too large.'],
  ERR_MAC_BODY_UNREADABLE: [400, 'The body cannot be read.'],
  ERR_MAC_SCOPE: [403, 'The credential lacks a scope that this request needs.'],
  ERR_MAC_RATE_LIMITED: [429, 'The credential has sent too many requests.'],
  ERR_MAC_FAILURES_LIMITED: [429, 'Too many requests from this address were rejected.'],
  ERR_MAC_STORE: [503, 'Credentials cannot be checked at the moment.'],
  ERR_MAC_SEALED: [503, 'Credentials cannot be checked at the moment.'],
  ERR_MAC_CALLBACK: [503, 'Credentials cannot be checked at the moment.'],
  ERR_MAC_INTERNAL: [503, 'Credentials cannot be checked at the moment.'],
  ERR_MAC_CLOSED: [503, 'Credentials cannot be checked at the moment.'],
  ERR_MAC_CHALLENGE_SYNTAX: [500, 'The WWW-Authenticate header is malformed.'],
  ERR_MAC_NOT_VERIFIED: [500, 'The request was not verified by withMac.'],
  ERR_MAC_CREDENTIAL_EXISTS: [500, 'The key identifier is taken.'],
  ERR_MAC_CREDENTIAL_UNKNOWN: [500, 'There is no credential with this key identifier.'],
  ERR_MAC_CREDENTIAL_ENDED: [500, 'The credential was revoked or has expired.'],
  ERR_MAC_CREDENTIAL_ROTATED: [500, 'The credential still has an old key in its grace.'],
  ERR_MAC_CLIENT_URL: [500, 'The URL cannot be signed as it would be sent.'],
  ERR_MAC_CLIENT_METHOD: [500, 'The method cannot be signed as it would be sent.'],
  ERR_MAC_CLIENT_HEADER: [500, 'A header field of the request contradicts the signature.'],
  ERR_MAC_CLIENT_REDIRECT: [500, 'A redirect was not followed.'],
  ERR_MAC_CLIENT_TOKEN: [500, 'The token endpoint returned no credential.'],
  ERR_MAC_CLIENT_ANSWER_LOST: [
    500,
    'The request was probably carried out, but its response was lost.',
  ],
}

/** Returns the HTTP status of a code, and one sentence that a client may read. */
export function describeCode(code: MacErrorCode): readonly [status: number, title: string] {
  return CATALOGUE[code]
}

/** Codes that a client must not tell apart. Otherwise it could learn which key identifiers exist. */
const TOLD_AS_REJECTED: ReadonlySet<MacErrorCode> = new Set([
  'ERR_MAC_UNKNOWN_IDENTIFIER',
  'ERR_MAC_MISMATCH',
  'ERR_MAC_REVOKED',
  'ERR_MAC_DISABLED',
  'ERR_MAC_KEY_RETIRED',
])

/** Codes whose message contains only what the client itself sent in its request line and header. */
const TOLD_IN_DETAIL: ReadonlySet<MacErrorCode> = new Set([
  'ERR_MAC_HEADER_TOO_LONG',
  'ERR_MAC_HEADER_SYNTAX',
  'ERR_MAC_HEADER_CHARACTER',
  'ERR_MAC_HEADER_SEPARATOR',
  'ERR_MAC_CREDENTIALS_REPEATED',
  'ERR_MAC_PARAMETER_MISSING',
  'ERR_MAC_PARAMETER_REPEATED',
  'ERR_MAC_PARAMETER_EMPTY',
  'ERR_MAC_PARAMETER_TOO_LONG',
  'ERR_MAC_TIMESTAMP_SYNTAX',
  'ERR_MAC_ENCODING',
  'ERR_MAC_METHOD',
  'ERR_MAC_TARGET',
  'ERR_MAC_BODY_SYNTAX',
])

/** Returns the code that a client may see instead of another one. */
export function toldCode(code: MacErrorCode): MacErrorCode {
  return TOLD_AS_REJECTED.has(code) ? 'ERR_MAC_REJECTED' : code
}

/** Whether a client may see the whole message of an error with this code. */
export function isToldInDetail(code: MacErrorCode): boolean {
  return TOLD_IN_DETAIL.has(code)
}
