type Texts = Readonly<Record<string, string>>

/** What a server says that found the MAC right. */
const AFTER_THE_MAC: Texts = {
  ERR_MAC_REPLAY:
    'its nonce was used before: let the client sign each request, and each retry, with a fresh nonce. If ' +
    'it does, then fetch itself after a broken connection, a proxy, or someone who listens sent the ' +
    'request twice, and the first copy was probably carried out.',
  ERR_MAC_TIMESTAMP_STALE:
    "the timestamp was too old by the server's clock, or nonces of its time are no longer kept: let the " +
    'client sign the request anew.',
  ERR_MAC_TIMESTAMP_AHEAD: "the timestamp was ahead of the server's clock: set the client's clock.",
  ERR_MAC_REVOKED: 'the credential was revoked: give the client a new one.',
  ERR_MAC_DISABLED: 'the credential is disabled: enable it, or let the client use another.',
  ERR_MAC_KEY_RETIRED: 'its key was replaced, and the grace is over: give the client the new key.',
  ERR_MAC_EXPIRED: 'the credential has expired: give the client a new one.',
  ERR_MAC_SCOPE: 'the credential lacks a scope: give it one with updateCredential, or use another.',
  ERR_MAC_RATE_LIMITED: 'the credential sent too many requests: wait as long as Retry-After says.',
  ERR_MAC_EXT: "the server's own function ext rejected what the request's ext says.",
  ERR_MAC_BODY_MISSING: 'ext lacks the digest of the body: let the client bind the body.',
  ERR_MAC_BODY_MISMATCH:
    'the body is not the one whose digest was signed: it was changed on its way, or the client took the ' +
    'digest of other bytes than it sent.',
  ERR_MAC_BODY_SYNTAX: 'the digest of the body in ext is malformed.',
  ERR_MAC_BODY_TOO_LARGE: 'the body is larger than maxBodyBytes allows.',
  ERR_MAC_BODY_UNREADABLE: 'the body could not be read to its end.',
}

const ORIGIN =
  'it could not tell what origin was signed: look at origin, trustProxy and requestTarget.'

/** What a server says that could not tell what was signed. */
const BEFORE_THE_MAC: Texts = {
  ERR_MAC_METHOD: ORIGIN,
  ERR_MAC_HOST: ORIGIN,
  ERR_MAC_FORWARDED: ORIGIN,
  ERR_MAC_ORIGIN: ORIGIN,
  ERR_MAC_TARGET:
    'a function scope or ext looks at the path, which can be read in several ways, or Bun chose another ' +
    'handler than the path names. Let the client send the path as new URL() writes it, without a ' +
    'needless or malformed escape, a backslash or an empty segment. Or something changed it on its way.',
}

/** What a server says that has another credential or other settings. */
const BY_OTHERS: Texts = {
  ERR_MAC_MISMATCH:
    'it has another key for the identifier, as after a rotation and its grace, or it sees another origin ' +
    '(behind a proxy, set origin there).',
  ERR_MAC_REJECTED:
    'it does not know the identifier, has revoked it, has another key for it, or sees another origin ' +
    '(behind a proxy, set origin there).',
  ERR_MAC_UNKNOWN_IDENTIFIER:
    'the credential was deleted there, or the server uses another database.',
  ERR_MAC_FAILURES_LIMITED:
    "it had rejected too many requests from the client's address: wait as long as Retry-After says.",
}

/** What a server says that cannot check any request. */
const FAILED: Texts = {
  ERR_MAC_SEALED: 'the server cannot open the sealed key of the credential.',
  ERR_MAC_STORE: "the server's database failed.",
  ERR_MAC_CALLBACK: 'a function in the options of withMac failed.',
  ERR_MAC_INTERNAL: 'the server failed.',
  ERR_MAC_CLOSED: 'the server was shutting down.',
}

const REJECTED =
  'The MAC is right by this credential and these settings, but the server rejected it:'
const TABLES: readonly (readonly [before: string, texts: Texts])[] = [
  ['The MAC is right, but', AFTER_THE_MAC],
  [REJECTED, BEFORE_THE_MAC],
  [REJECTED, BY_OTHERS],
  ['Nothing is wrong with the request:', FAILED],
]

/** Whether a server that gave this code had found the MAC right. */
export function isAfterTheMac(code: string): boolean {
  return Object.hasOwn(AFTER_THE_MAC, code)
}

/** Whether a server that gave this code did not come to the MAC. */
export function isBeforeTheMac(code: string): boolean {
  return Object.hasOwn(BEFORE_THE_MAC, code)
}

/** What to say of a request with the right MAC that a server rejected with this code. */
export function saidOfCode(code: string): string {
  for (const [before, texts] of TABLES) {
    if (Object.hasOwn(texts, code)) return `${before} ${texts[code]}`
  }
  return `${REJECTED} why cannot be told from here.`
}
