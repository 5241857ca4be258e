/*
 * What does not pass, and why. The test compares it with what it measures: each request that a server rejects has
 * an entry here, each entry is needed, and what an entry says of the signed string gives the client's MAC.
 *
 * `signed` returns what the client signed, as far as it differs from the wire. `null` says that this is not known.
 * `cause`, `side` and `change` go into the corpus of explanations.
 */

const asOnTheWire = () => ({})
const REDIRECT = {
  requests: ['a redirect'],
  why: 'It sends the signature of the first request again.',
  signed: () => ({ target: '/moved' }),
  cause: ['target-rewritten', 'key'],
  change: [],
}
const REDIRECT_IN_REQUESTS = {
  ...REDIRECT,
  set: 'Say `allow_redirects=False`, and sign the new URL.',
}
const DOTS_SENT = {
  requests: ['dot segments'],
  why: 'It sends the path as it is. Bun and @hono/node-server resolve it.',
  set: 'Resolve the path first. On Node, set `requestTarget`.',
  signed: asOnTheWire,
  cause: ['target-rewritten', 'path-normalized', 'target', 'key'],
  change: [],
}
const UPPER_CASE_HOST = {
  requests: ['a host in upper case'],
  why: 'It signs the host as it is written.',
  set: 'Write the host in lower case.',
  signed: () => ({ host: 'API.Example.COM' }),
  cause: 'host-case',
  side: 'client',
  change: 'lower case',
}
const RUBY_URL = {
  requests: ['a space in a path', 'UTF-8, as it is'],
  why: 'Ruby refuses such a URL.',
  set: 'Escape it.',
}
const PARAMETERS = {
  requests: ['`;parameters` in a path'],
  why: 'It leaves the parameters of the last segment out.',
  set: 'Write `%3B` for `;`.',
  signed: () => ({ target: '/a;v=1/b' }),
  cause: 'path-parameters',
  side: 'client',
  change: 'as it is sent',
}
const IPV6_SPLIT = {
  requests: ['an IPv6 address'],
  why: 'It cuts the address at its first colon.',
  set: 'Use a name.',
  signed: () => ({ host: '[2001', port: 'db8::7]:8080' }),
  cause: ['host-brackets', 'host', 'origin', 'key'],
  change: [],
}

/** The differences of each client, by its name. */
export const DIFFERENCES = {
  'rack-oauth2': [
    RUBY_URL,
    DOTS_SENT,
    UPPER_CASE_HOST,
    {
      requests: ['an IPv6 address'],
      why: 'httpclient sends `Host` without the brackets.',
      set: 'Use a name.',
      signed: null,
      cause: ['host', 'host-brackets'],
      side: 'client',
      change: [],
    },
  ],
  oauth2: [
    RUBY_URL,
    DOTS_SENT,
    UPPER_CASE_HOST,
    { requests: ['an IPv6 address'], why: 'Faraday 1 refuses such a URL.', set: 'Use a name.' },
    { ...REDIRECT, set: 'Give `max_redirects: 0` to the client, and sign the new URL.' },
  ],
  oauthlib: [PARAMETERS, IPV6_SPLIT, REDIRECT_IN_REQUESTS],
  'requests-oauthlib': [
    {
      requests: ['without `draft=1`'],
      why: 'oauthlib raises a TypeError: draft 00, its default, needs a time of issue.',
      set: 'Pass on `draft=1`, as above.',
    },
    {
      requests: ['a query given as parameters'],
      why: 'It signs the URL without `params`.',
      set: 'Put the query into the URL, or sign with an `AuthBase`.',
      signed: () => ({ target: '/orders' }),
      cause: 'query-missing',
      side: 'client',
      change: '/orders?page=2&q=a+b',
    },
    ...[
      [
        'escapes: `%2F`, `%7E`, `%3D%253D`',
        '/a%2Fb/%7Ec?u=%3D%253D&q=a%2Bb',
        ['path-encoded', 'target-encoded'],
      ],
      [
        'escapes in lower case: `%2f`, `%e2`',
        '/a%2fb?q=%e2%82%ac',
        ['target-encoded', 'path-encoded', 'query-encoded'],
      ],
      ['`[ ]` in a query', '/find?ids[]=1&ids[]=2', ['query-decoded', 'target-decoded']],
      ['`| ^ { }` and `"` in a query', '/find?q=a|b^c{d}"e"', ['query-decoded', 'target-decoded']],
      ['a space in a path', '/a b', ['path-decoded', 'target-decoded']],
      ['UTF-8, as it is', '/café?q=ü', ['target-decoded', 'path-decoded', 'query-decoded']],
      ['dot segments', '/a/../b/./c', ['target-rewritten', 'path-normalized', 'key']],
      ['an empty path', '', 'path-empty'],
      ['an empty path and a query', '?page=2', 'path-empty'],
    ].map(([request, target, cause]) => ({
      requests: [request],
      why: 'It signs the URL as you write it. requests sends its own form.',
      set: 'Write the URL as requests sends it, or sign with an `AuthBase`.',
      signed: () => ({ target }),
      cause,
      ...(cause.includes('key') ? {} : { side: 'client' }),
      change: cause.includes('key') ? [] : 'as it is sent',
    })),
    {
      ...UPPER_CASE_HOST,
      cause: ['host-case', 'key'],
      change: [],
      why: 'It signs the URL as you write it. requests sends its own form.',
      set: 'Write the host in lower case.',
    },
    PARAMETERS,
    IPV6_SPLIT,
    REDIRECT_IN_REQUESTS,
  ],
  smsglobal: [
    {
      requests: ['`sms.getAll`: a time or a space'],
      why: 'It signs `%20` and `%3A`. axios sends `+` and `:`.',
      set: 'Leave such parameters out.',
      signed: ({ target }) => ({ target: target.replaceAll('+', '%20').replaceAll(':', '%3A') }),
      cause: 'query-encoded',
      side: 'client',
      change: 'as it is sent',
    },
    {
      requests: ["`sms.getAll`: `'`"],
      why: "It signs `%27`. axios sends `'`. On Bun both are the same.",
      set: 'Leave such parameters out.',
      signed: ({ target }) => ({ target: target.replaceAll("'", '%27') }),
      cause: 'query-encoded',
      side: 'client',
      change: 'as it is sent',
    },
    {
      requests: ['another port'],
      why: 'It signs the host with the port, and 443 as the port.',
      set: 'Serve it on port 443.',
      signed: ({ host, port }) => ({ host: `${host}:${port}`, port: '443' }),
      cause: ['host-with-port', 'port'],
      side: 'client',
      change: '8443',
    },
  ],
}
