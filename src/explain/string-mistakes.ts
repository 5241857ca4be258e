import {
  type Candidate,
  ELEMENTS,
  RANK_OF_MANY,
  type Row,
  type Signed,
  shown,
  table,
} from './search.ts'

/**
 * Returns other timestamps, methods and values of `ext` that a client may have signed, and other ways to
 * put the elements together.
 *
 * @param sentMethod The method as received, not yet in upper case.
 */
export function stringMistakes(received: Signed, sentMethod: string): Candidate[] {
  const [ts, nonce, method, target, host, port, ext] = ELEMENTS
  return [
    ...table(
      'signed ts',
      timestamps(received.timestamp),
      (timestamp) => ({ timestamp }),
      'Let the client read the clock once, in whole seconds since 1970, and sign and send this value.',
    ),
    ...table(
      'signed the method as',
      methods(received.method, sentMethod),
      (other: string) => ({ method: other }),
      `Let the client sign the method that it sends, in upper case, ${received.method}.`,
    ),
    ...table(
      'signed the method as',
      otherMethods(),
      (other) => ({ method: other }),
      `Let the client sign the method that it sends, in upper case. Here ${received.method} arrived: its library, a ` +
        'redirect or a proxy may have changed the method.',
      'either',
    ),
    ...table(
      'signed',
      exts(received.ext ?? ''),
      (other) => ({ ext: other }),
      'Let the client sign the ext that it sends, or an empty line if it sends none.',
    ),
    ...table(
      'wrote',
      [
        ['line-ends', 1, 'CR LF for LF', ['\r\n', '\r\n']],
        ['line-ends', 1, 'CR LF for LF, and none at the end', ['\r\n', '']],
        ['line-ends', 1, 'no LF at the end', ['\n', '']],
        ['line-ends', 2, 'two LF at the end', ['\n', '\n\n']],
        ['line-ends', 2, 'CR for LF', ['\r', '\r']],
        ['line-ends', 2, 'a backslash and an n for LF', ['\\n', '\\n']],
        ['line-ends', 3, 'a backslash and an n for LF, and none at the end', ['\\n', '']],
        ['line-ends', 3, 'nothing between the elements', ['', '']],
        ['line-ends', 3, 'spaces for LF', [' ', '']],
        ['line-ends', 3, 'commas for LF', [',', '']],
      ],
      ([between, last]: readonly [string, string]) => ({ between, last }),
      'Let the client put one line feed (LF, 0x0A) after each of the seven elements.',
    ),
    ...table(
      'wrote the elements in another order:',
      [
        ['order', 1, 'host and port swapped', [ts, nonce, method, target, port, host, ext]],
        ['order', 2, 'ts and nonce swapped', [nonce, ts, method, target, host, port, ext]],
        ['order', 2, 'nonce and method swapped', [ts, method, nonce, target, host, port, ext]],
        ['order', 2, 'method and URI swapped', [ts, nonce, target, method, host, port, ext]],
        ['order', 2, 'URI and host swapped', [ts, nonce, method, host, target, port, ext]],
        ['order', 2, 'port and ext swapped', [ts, nonce, method, target, host, ext, port]],
        ['order', 2, 'host and port before URI', [ts, nonce, method, host, port, target, ext]],
        ['order', 3, 'ts and nonce after port', [method, target, host, port, ts, nonce, ext]],
        ['order', 3, 'ts and nonce at the end', [method, target, host, port, ext, ts, nonce]],
      ],
      (order: Signed['order']) => ({ order }),
      `Let the client write them in this order: ${ELEMENTS.join(', ')}.`,
    ),
    ...table(
      'signed the request string of',
      [
        ['other-scheme', 3, 'an earlier draft, which has a line for a hash of the body', ''],
        ['other-scheme', 3, 'Hawk', 'hawk.1.header\n'],
      ],
      (first) => ({ first, ext: `\n${received.ext ?? ''}` }),
      'Let the client sign the seven lines of draft-ietf-oauth-v2-http-mac-01.',
    ),
  ]
}

/** Whether a timestamp is probably in milliseconds: 13 digits, which is 2001 to 2286. */
export function looksLikeMilliseconds(ts: string): boolean {
  return /^[0-9]{13}$/.test(ts)
}

/** @param ts The timestamp as sent. It may be any text. */
function timestamps(ts: string): Row<string>[] {
  if (looksLikeMilliseconds(ts)) {
    const how = 'in seconds and sent it in milliseconds'
    const seconds = Math.floor(Number(ts) / 1000)
    return [seconds, seconds + 1].map((each) => ['ts-milliseconds-sent', 1, how, String(each)])
  }
  if (/^[0-9]{9,10}$/.test(ts)) {
    const how = 'in milliseconds and sent it in seconds'
    const milliseconds = Array.from({ length: 1000 }, (_, part): Row<string> => {
      const rank = part === 0 ? 1 : RANK_OF_MANY
      return ['ts-milliseconds-signed', rank, how, `${ts}${String(part).padStart(3, '0')}`]
    })
    const close = [1, -1, 2, -2].map((by) => String(Number(ts) + by))
    const twice = close.map(
      (each): Row<string> => ['ts-twice', 2, `${each} and sent another time`, each],
    )
    return [...milliseconds, ...twice]
  }
  const seconds = Math.floor(/^[0-9.]+$/.test(ts) ? Number(ts) : Date.parse(ts) / 1000)
  if (!Number.isSafeInteger(seconds)) return []
  return [['ts-format', 1, `${seconds} and sent it in another form`, String(seconds)]]
}

function methods(method: string, sent: string): Row<string>[] {
  const lower = method.toLowerCase()
  const capitalized = method.slice(0, 1) + lower.slice(1)
  return [
    ['method-case', 1, lower, lower],
    ['method-case', 2, sent, sent],
    ['method-case', 2, capitalized, capitalized],
  ]
}

function otherMethods(): Row<string>[] {
  const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']
  return [
    ...others.map((other): Row<string> => ['method', 2, other, other]),
    ['method', 3, 'an empty text', ''],
  ]
}

const EMPTY_DIGEST = 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:'
const UNSENT_EXTS = ['null', 'undefined', 'None', 'nil', '""', EMPTY_DIGEST]

function exts(ext: string): Row<string | null>[] {
  if (ext === '') {
    return [
      ['ext-line', 1, 'no line for the absent ext, or no line feed at the end', null],
      ...UNSENT_EXTS.map(
        (each): Row<string> => ['ext-unsent', 3, `ext ${shown(each)}, and did not send it`, each],
      ),
    ]
  }
  const [, digest = ext, rest = ext] = /^([^ ]*=:[^ ]*:) (.+)$/.exec(ext) ?? []
  return [
    ['ext-unsigned', 1, 'no ext, and sent an ext', ''],
    ['ext-unsigned', 2, 'no line for ext, and sent an ext', null],
    ['ext-unsigned', 2, 'only the digest of its ext', digest],
    ['ext-unsigned', 2, 'its ext without the digest', rest],
  ]
}
