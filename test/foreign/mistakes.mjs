/*
 * Mistakes that people make with these clients. No server may accept them. Each is recorded for the corpus of
 * explanations, from one of the runtimes.
 *
 * `cause`, `side` and `change` are what the explanation must say. `signed` is as in differences.mjs.
 */

const HTTP = 'http://api.example.com'
const KEY = 'ada-a-key-that-holds-128-bits'

/** The key in a form that comes of a mistake, for all clients. */
const KEYS = [
  ['with another key', 'another-key-that-holds-128-bits', ['key'], []],
  ['with the key and a line break, from a file', `${KEY}\n`, 'key-newline', 'line break'],
  ['with the key and a space before it', ` ${KEY}`, 'key-space', 'space'],
  ['with the key in quotes, from a file of settings', `"${KEY}"`, 'key-quoted', 'quot'],
  ['with the key in upper case', KEY.toUpperCase(), 'key-case', 'key'],
  ['with the key encoded in base64', Buffer.from(KEY).toString('base64'), 'key-encoded', 'base64'],
  ['with the identifier as key', 'ada-256', 'key-is-id', 'identifier'],
].map(([name, key, cause, change]) => ({ name, key, cause, side: 'client', change }))

const ALGORITHM = {
  name: 'with SHA-1, and the credential is for SHA-256',
  signWith: 'hmac-sha-1',
  cause: 'algorithm',
  change: 'hmac-sha-256',
}
const SWAPPED = {
  name: 'with identifier and key swapped',
  id: KEY,
  key: 'ada-256',
  cause: 'unknown-identifier',
  change: [],
}
const OTHER_ID = {
  name: 'with the identifier of another credential',
  id: 'ada-1',
  key: 'another-key-that-holds-128-bits',
  cause: ['key', 'id', 'algorithm'],
  change: [],
}
const REPLAY = { name: 'sent twice', twice: true, cause: 'replay', change: [] }
const POST = { method: 'POST', url: `${HTTP}/orders?page=2`, body: '{"what":"tea"}' }
const all = (list, url = `${HTTP}/orders?page=2&q=a%20b`) => list.map((each) => ({ url, ...each }))

const BEARER = {
  name: 'as a bearer token',
  bearer: true,
  cause: ['missing', 'other-scheme', 'scheme'],
  side: 'client',
  change: [],
}

const DRAFT_00 = {
  sign: { draft: 0 },
  cause: ['other-scheme', 'parameter-missing'],
  side: 'client',
  change: 'draft',
}

/** Signs with `prepare_mac_header`, and sends something else. An `ext` is signed and not sent. */
const BY_HAND = [
  ['by hand as GET, sent as POST', { method: 'GET' }, 'method', 'POST', POST],
  ['by hand without the query', { url: `${HTTP}/orders` }, 'query-missing', '/orders?page=2'],
  ['by hand for another host', { url: 'http://localhost/orders?page=2' }, ['host', 'key'], []],
  ['by hand for HTTPS', { url: 'https://api.example.com/orders?page=2' }, 'port', '80'],
  ['by hand for another port', { url: 'http://api.example.com:3000/orders?page=2' }, 'port', '80'],
  [
    'by hand for the wrong version of a path',
    { url: `${HTTP}/v1/orders?page=2` },
    'path-prefix',
    '/orders',
  ],
  [
    'by hand with a slash at the end',
    { url: `${HTTP}/orders/?page=2` },
    'path-slash',
    '/orders?page=2',
  ],
  [
    'by hand with the query in another order',
    { url: `${HTTP}/orders?q=a&page=2` },
    'query-sorted',
    'page=2&q=a',
    { url: `${HTTP}/orders?page=2&q=a` },
  ],
  ['by hand with an ext that is not sent', { ext: 'a,b,c' }, ['ext-unsent', 'key'], []],
].map(([name, sign, cause, change, request = {}]) => ({
  name,
  url: `${HTTP}/orders?page=2`,
  ...request,
  sign,
  cause,
  change,
}))

/** The mistakes with each client, by its name. */
export const MISTAKES = {
  'rack-oauth2': [
    ...all([...KEYS, ALGORITHM, SWAPPED, OTHER_ID, REPLAY, BEARER]),
    {
      name: 'with a time that never changes',
      url: `${HTTP}/orders`,
      ageSeconds: 3600,
      cause: 'timestamp-stale',
      change: [],
    },
    {
      name: 'with a clock that is ahead',
      url: `${HTTP}/orders`,
      ageSeconds: -3600,
      cause: 'timestamp-ahead',
      change: [],
    },
  ],
  oauth2: all([...KEYS, ALGORITHM, SWAPPED, OTHER_ID, REPLAY, BEARER], `${HTTP}/orders?page=2`),
  oauthlib: [
    ...all([...KEYS, ALGORITHM, SWAPPED, OTHER_ID, REPLAY], `${HTTP}/caf%C3%A9?page=2`),
    ...BY_HAND,
    { name: 'by draft 00, its default', url: `${HTTP}/orders?page=2`, ...DRAFT_00 },
    { name: 'by draft 00, with a body', ...POST, ...DRAFT_00 },
  ],
  'requests-oauthlib': all([...KEYS, ALGORITHM, SWAPPED, OTHER_ID, BEARER], `${HTTP}/orders/7`),
  smsglobal: [...KEYS, SWAPPED, OTHER_ID].map((each) => ({
    call: ['sms', 'getAll', { limit: 5 }],
    ...each,
  })),
}
