/** Codes of a server that could not tell what origin was signed, and so did not come to the MAC. */
export const ORIGIN_CODES: ReadonlySet<string> = new Set([
  'ERR_MAC_METHOD',
  'ERR_MAC_TARGET',
  'ERR_MAC_HOST',
  'ERR_MAC_FORWARDED',
  'ERR_MAC_ORIGIN',
])

/** Codes of a server that found the MAC right. */
export const MAC_WAS_RIGHT: ReadonlySet<string> = new Set([
  'ERR_MAC_REPLAY',
  'ERR_MAC_TIMESTAMP_STALE',
  'ERR_MAC_TIMESTAMP_AHEAD',
  'ERR_MAC_REVOKED',
  'ERR_MAC_DISABLED',
  'ERR_MAC_KEY_RETIRED',
  'ERR_MAC_EXPIRED',
  'ERR_MAC_SCOPE',
  'ERR_MAC_RATE_LIMITED',
  'ERR_MAC_EXT',
  'ERR_MAC_BODY_MISSING',
  'ERR_MAC_BODY_MISMATCH',
  'ERR_MAC_BODY_SYNTAX',
  'ERR_MAC_BODY_TOO_LARGE',
  'ERR_MAC_BODY_UNREADABLE',
])

/** What to say of a refusal whose MAC is right, by the code that the server gave. */
export function refusalOf(code: string): string {
  const known = Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : undefined
  if (known !== undefined) return known
  if (ORIGIN_CODES.has(code)) {
    return (
      `The MAC is right by what is known here, and the server refused the request with ${code}: it could ` +
      'not tell from it what origin was signed. Look at its options origin, trustProxy and requestTarget.'
    )
  }
  return 'The MAC is right, and the server refused the request for a reason that cannot be told from here.'
}

const REFUSALS: Readonly<Record<string, string>> = {
  ERR_MAC_TARGET:
    'The MAC is right by what is known here, and the server refused the path: a function scope or ext ' +
    'looks at it, and it can be read in several ways; or Bun chose another handler by it than it names. ' +
    'Let the client send the form that new URL() gives, without an escape that is needless or malformed, ' +
    'a backslash or an empty segment; or something changed the path on its way.',
  ERR_MAC_REPLAY:
    'The MAC is right, and its nonce was used before: let the client sign each request, and each ' +
    'retry, with a fresh nonce; or fetch itself, when a connection broke, a proxy, or someone who listens ' +
    'sent the request twice, and the first copy was probably carried out.',
  ERR_MAC_EXT:
    "The MAC is right, and the server's own function ext refused what the request's ext says.",
  ERR_MAC_TIMESTAMP_STALE:
    "The MAC is right, and the timestamp was too old by the server's clock, or nonces of its time are " +
    'no longer kept: let the client sign the request anew.',
  ERR_MAC_TIMESTAMP_AHEAD:
    "The MAC is right, and the timestamp was ahead of the server's clock: set the client's clock.",
  ERR_MAC_REVOKED: 'The MAC is right, and the credential was revoked: give the client a new one.',
  ERR_MAC_DISABLED: 'The MAC is right, and the credential is disabled: enable it again.',
  ERR_MAC_KEY_RETIRED:
    'The MAC is right by a key that was replaced, and whose grace has ended: give the client the new key.',
  ERR_MAC_SCOPE:
    'The MAC is right, and the credential lacks a scope that the request needs: give it one with ' +
    'updateCredential, or let the client use another credential.',
  ERR_MAC_RATE_LIMITED:
    'The MAC is right, and the credential has sent too many requests: let the client wait for as long as ' +
    'Retry-After says.',
  ERR_MAC_FAILURES_LIMITED:
    'The MAC is right by this credential, and the server did not look: too many requests from the ' +
    "client's address were refused before. Let it wait for as long as Retry-After says.",
  ERR_MAC_EXPIRED: 'The MAC is right, and the credential has expired: give the client a new one.',
  ERR_MAC_MISMATCH:
    'The MAC is right by this credential and these settings, and the server found it wrong: it has ' +
    'another key for the identifier, as after a rotation and its grace, or it sees another origin ' +
    '(behind a proxy, set origin there).',
  ERR_MAC_REJECTED:
    'The MAC is right by this credential and these settings, and the server refused it: it does not ' +
    'know the identifier, has revoked it, has another key for it, or sees another origin (behind a ' +
    'proxy, set origin there).',
  ERR_MAC_UNKNOWN_IDENTIFIER:
    'The MAC is right by this credential, and the server does not know the identifier: it was deleted, ' +
    'or the server uses another database.',
  ERR_MAC_BODY_MISSING:
    'The MAC is right, and the server wants the digest of the body in ext: let the client bind the body.',
  ERR_MAC_BODY_MISMATCH:
    'The MAC is right, and the body is not the one whose digest was signed: it was changed on its way, ' +
    'or the client took the digest of other bytes than it sent.',
  ERR_MAC_BODY_SYNTAX: 'The MAC is right, and the digest of the body in ext is malformed.',
  ERR_MAC_BODY_TOO_LARGE: 'The MAC is right, and the body is larger than maxBodyBytes allows.',
  ERR_MAC_BODY_UNREADABLE: 'The MAC is right, and the body could not be read to its end.',
  ERR_MAC_SEALED:
    'Nothing is wrong with the request: the server cannot open the sealed key of the credential.',
  ERR_MAC_STORE: "Nothing is wrong with the request: the server's database failed.",
  ERR_MAC_CALLBACK:
    'Nothing is wrong with the request: a function in the options of withMac failed.',
  ERR_MAC_INTERNAL: 'Nothing is wrong with the request: the server failed.',
  ERR_MAC_CLOSED: 'Nothing is wrong with the request: the server was shutting down.',
}
