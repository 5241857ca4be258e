/** What to say of a refusal that cannot be told from the request alone, by its code. */
export const REFUSALS: Readonly<Record<string, string>> = {
  ERR_MAC_REPLAY:
    'The MAC is right, and its nonce was used before: let the client sign each request, and each ' +
    'retry, with a fresh nonce; or a proxy, or someone who listens, sent the request twice.',
  ERR_MAC_EXT:
    "The MAC is right, and the server's own function ext refused what the request's ext says.",
  ERR_MAC_TIMESTAMP_STALE:
    "The MAC is right, and the timestamp was too old by the server's clock, or nonces of its time are " +
    'no longer kept: let the client sign the request anew.',
  ERR_MAC_TIMESTAMP_AHEAD:
    "The MAC is right, and the timestamp was ahead of the server's clock: set the client's clock.",
  ERR_MAC_REVOKED: 'The MAC is right, and the credential was revoked: give the client a new one.',
  ERR_MAC_EXPIRED: 'The MAC is right, and the credential has expired: give the client a new one.',
  ERR_MAC_MISMATCH:
    'The MAC is right by this credential and these settings, and the server found it wrong: it has ' +
    'another key for the identifier, or it sees another origin (behind a proxy, set origin there).',
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
  ERR_MAC_STORE: "Nothing is wrong with the request: the server's database failed.",
  ERR_MAC_CALLBACK:
    'Nothing is wrong with the request: a function in the options of withMac failed.',
  ERR_MAC_INTERNAL: 'Nothing is wrong with the request: the server failed.',
  ERR_MAC_CLOSED: 'Nothing is wrong with the request: the server was shutting down.',
}
