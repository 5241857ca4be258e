import type { RejectionErrorCode, ServerErrorCode } from '../error-codes.ts'

/** Codes of a server that found the MAC right. */
const AFTER_MAC = {
  ERR_MAC_REPLAY:
    'its nonce was used before. Let the client sign each request, and each retry, with a new nonce. If ' +
    'it does, then the request was sent twice: by fetch itself after a broken connection, by a proxy, ' +
    'or by an attacker. The first copy was probably carried out.',
  ERR_MAC_TIMESTAMP_STALE:
    "the timestamp was too old by the server's clock, or the server no longer keeps nonces of that time. " +
    'Let the client sign the request again.',
  ERR_MAC_TIMESTAMP_AHEAD:
    "the timestamp was too far ahead of the server's clock, or of the clock of PostgreSQL or Redis if nonces are " +
    'kept there. Set the clock of the client; if it is right, compare those two: "withmac doctor" does.',
  ERR_MAC_REVOKED: 'the credential was revoked: give the client a new one.',
  ERR_MAC_DISABLED: 'the credential is disabled: enable it, or let the client use another.',
  ERR_MAC_KEY_RETIRED:
    'its key was replaced, and its grace period is over: give the client the new key.',
  ERR_MAC_EXPIRED: 'the credential has expired: give the client a new one.',
  ERR_MAC_SCOPE: 'the credential lacks a scope: give it one with updateCredential, or use another.',
  ERR_MAC_RATE_LIMITED:
    'there were too many requests with this credential: wait as long as Retry-After says.',
  ERR_MAC_EXT: "the server's own function ext rejected the ext of the request.",
  ERR_MAC_BODY_MISSING: 'ext lacks the digest of the body: let the client sign the body.',
  ERR_MAC_BODY_MISMATCH:
    'the body is not the one whose digest was signed. It was changed on the way, or the client computed ' +
    'the digest of other bytes than it sent.',
  ERR_MAC_BODY_SYNTAX: 'the digest of the body in ext is malformed.',
  ERR_MAC_BODY_TOO_LARGE: 'the body is larger than maxBodyBytes allows.',
  ERR_MAC_BODY_UNREADABLE: 'the body could not be read to its end.',
}

const ORIGIN =
  'it could not find out what origin was signed. Check origin, trustProxy and requestTarget.'

/** Codes of a server that could not find out what was signed. */
const BEFORE_MAC = {
  ERR_MAC_METHOD: ORIGIN,
  ERR_MAC_HOST: ORIGIN,
  ERR_MAC_FORWARDED: ORIGIN,
  ERR_MAC_ORIGIN: ORIGIN,
  ERR_MAC_TARGET:
    'a function scope or ext uses the path, and this path can be read in several ways. Or Bun chose ' +
    'another handler than the path names. Let the client send the path as new URL() writes it, without ' +
    'a needless or malformed escape, a backslash or an empty segment. Or something changed the path on ' +
    'the way.',
}

/** Codes of a server that has another credential or other settings. */
const BY_OTHERS = {
  ERR_MAC_MISMATCH:
    'it has another key for the identifier, for example after a rotation, or it sees another origin ' +
    '(behind a proxy, set origin there).',
  ERR_MAC_REJECTED:
    'it does not know the identifier, has revoked it, has another key for it, or sees another origin ' +
    '(behind a proxy, set origin there).',
  ERR_MAC_UNKNOWN_IDENTIFIER:
    'the credential was deleted there, or the server uses another database.',
  ERR_MAC_FAILURES_LIMITED:
    "there were too many failed requests from the client's address: wait as long as Retry-After says.",
}

/** Codes of a server that cannot check any request. */
const FAILED = {
  ERR_MAC_SEALED: 'the server cannot open the sealed key of the credential.',
  ERR_MAC_STORE: "the server's database failed.",
  ERR_MAC_CALLBACK: 'a function in the options of withMac failed.',
  ERR_MAC_INTERNAL: 'the server failed.',
  ERR_MAC_CLOSED: 'the server was shutting down.',
}

/** One sentence for each code of a server that could read the header. */
const SENTENCES: Readonly<Record<RejectionErrorCode | ServerErrorCode, string>> = {
  ...AFTER_MAC,
  ...BEFORE_MAC,
  ...BY_OTHERS,
  ...FAILED,
}

/** Whether a server that answers this code has found the MAC right. */
export function isAfterMac(code: string): boolean {
  return Object.hasOwn(AFTER_MAC, code)
}

/** Whether a server that answers this code has not checked the MAC yet. */
export function isBeforeMac(code: string): boolean {
  return Object.hasOwn(BEFORE_MAC, code)
}

type AfterMac = 'ERR_MAC_REVOKED' | 'ERR_MAC_DISABLED' | 'ERR_MAC_KEY_RETIRED' | 'ERR_MAC_EXPIRED'

/** Returns the sentence for a request with a wrong MAC that the server would also reject with this code. */
export function describeOther(code: AfterMac): string {
  return `Moreover, ${AFTER_MAC[code]}`
}

/** Returns the sentence for a request with the right MAC that a server rejected with this code. */
export function describeCode(code: string): string {
  const sentence = Object.hasOwn(SENTENCES, code)
    ? SENTENCES[code as keyof typeof SENTENCES]
    : 'the reason cannot be found out here.'
  if (isAfterMac(code)) return `The MAC is right, but ${sentence}`
  if (Object.hasOwn(FAILED, code)) return `Nothing is wrong with the request: ${sentence}`
  return `The MAC is right for this credential and these settings, but the server rejected the request: ${sentence}`
}
