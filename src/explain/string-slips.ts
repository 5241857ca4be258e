import {
  type Alternative,
  ELEMENT_NAMES,
  ELEMENTS,
  type Element,
  type Guess,
  shown,
} from './guess.ts'

/** What clients do otherwise with method, `ext`, and the way that the elements are put together. */
export function stringSlips(base: Guess, sentMethod: string): Alternative[] {
  return [
    ...methodSlips(base.method, sentMethod),
    ...extSlips(base.ext ?? ''),
    ...lineEndSlips(),
    ...orderSlips(),
    ...otherSchemes(base.ext ?? ''),
  ]
}

function methodSlips(method: string, sent: string): Alternative[] {
  const lower = method.toLowerCase()
  const spelt = [...new Set([lower, sent, method.slice(0, 1) + lower.slice(1)])]
  const others = method === 'HEAD' ? ['GET'] : method === 'GET' ? ['POST', 'HEAD', 'PUT'] : []
  return [
    ...spelt
      .filter((each) => each !== method)
      .map((each) => ({
        kind: 'method-case',
        rank: each === lower ? 1 : 2,
        side: 'client' as const,
        matches: `the method as ${each}`,
        did: `the client signed the method as ${each}`,
        change: `let the client sign it in upper case, ${method}`,
        differs: { method: each },
      })),
    ...others.map((each) => ({
      kind: 'method',
      rank: 2,
      side: 'client' as const,
      matches: `the method ${each}`,
      did: `the client signed ${each}, and ${method} was received`,
      change: `let the client sign what it sends: a redirect, or its library, may change the method`,
      differs: { method: each },
    })),
  ]
}

const EMPTY_DIGEST = 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:'

function extSlips(ext: string): Alternative[] {
  const slips: Alternative[] = []
  const add = (kind: string, rank: number, signed: string | null, did: string, change: string) => {
    if (signed === ext) return
    const matches = signed === null ? 'no line for the absent ext' : `ext as ${shown(signed)}`
    slips.push({ kind, rank, side: 'client', matches, did, change, differs: { ext: signed } })
  }
  if (ext === '') {
    const omit = 'let the client end the string with an empty line: each element has a line feed'
    add(
      'ext-line',
      1,
      null,
      'the client left out the line of the absent ext, or the line feed at the end',
      omit,
    )
    for (const signed of ['null', 'undefined', 'None', 'nil', '""', EMPTY_DIGEST]) {
      const send = 'let the client send the ext that it signs, or sign an empty one'
      add('ext-unsent', 3, signed, `the client signed an ext ${shown(signed)}, not sent`, send)
    }
    return slips
  }
  const sign = 'let the client sign the ext that it sends'
  add('ext-unsigned', 1, '', 'the client sent an ext that it did not sign', sign)
  add('ext-unsigned', 2, null, 'the client sent an ext that it did not sign', sign)
  const [, digest = '', rest = ''] = /^([^ ]*=:[^ ]*:)(?: (.*))?$/.exec(ext) ?? []
  if (rest !== '') {
    add('ext-unsigned', 2, digest, 'the client signed the digest alone of its ext', sign)
    add('ext-unsigned', 2, rest, 'the client signed its ext without the digest', sign)
  }
  return slips
}

function lineEndSlips(): Alternative[] {
  const rule = 'let the client put one line feed (LF, 0x0A) behind each of the seven elements'
  const ends: [rank: number, how: string, between: string, last: string][] = [
    [1, 'CR LF for LF', '\r\n', '\r\n'],
    [1, 'CR LF for LF, and none at the end', '\r\n', ''],
    [1, 'no LF at the end', '\n', ''],
    [2, 'two LF at the end', '\n', '\n\n'],
    [2, 'CR for LF', '\r', '\r'],
    [2, 'a backslash and an n for LF', '\\n', '\\n'],
    [3, 'a backslash and an n for LF, and none at the end', '\\n', ''],
    [3, 'nothing between the elements', '', ''],
    [3, 'spaces for LF', ' ', ''],
    [3, 'commas for LF', ',', ''],
  ]
  return ends.map(([rank, how, between, last]) => ({
    kind: 'line-ends',
    rank,
    side: 'client',
    matches: how,
    did: `the client wrote ${how}`,
    change: rule,
    differs: { between, last },
  }))
}

function orderSlips(): Alternative[] {
  const slips = ELEMENTS.slice(1).map((element, at): Alternative => {
    const other = ELEMENTS[at] as Element
    const order = [...ELEMENTS]
    order.splice(at, 2, element, other)
    return orderSlip(
      order,
      element === 'port' ? 1 : 2,
      `${ELEMENT_NAMES[other]} and ${ELEMENT_NAMES[element]} swapped`,
    )
  })
  const [ts, nonce, ...rest] = ELEMENTS
  const methodFirst: Element[] = ['method', 'target', 'host', 'port', ts, nonce, 'ext']
  return [
    ...slips,
    orderSlip(methodFirst, 3, 'timestamp and nonce behind the port'),
    orderSlip([...rest, ts, nonce], 3, 'timestamp and nonce at the end'),
    orderSlip(
      ['ts', 'nonce', 'method', 'host', 'port', 'target', 'ext'],
      2,
      'host and port before the request-URI',
    ),
  ]
}

function orderSlip(order: readonly Element[], rank: number, how: string): Alternative {
  const names = ELEMENTS.map((element) => ELEMENT_NAMES[element]).join(', ')
  return {
    kind: 'order',
    rank,
    side: 'client',
    matches: how,
    did: `the client wrote the elements in another order: ${how}`,
    change: `let the client write them in this order: ${names}`,
    differs: { order },
  }
}

/** Strings of related schemes, which clients of those compute. */
function otherSchemes(ext: string): Alternative[] {
  const scheme = (how: string, differs: Partial<Guess>): Alternative => ({
    kind: 'other-scheme',
    rank: 3,
    side: 'client',
    matches: `the string of ${how}`,
    did: `the client signed the string of ${how}`,
    change: 'let the client sign the seven lines of draft-ietf-oauth-v2-http-mac-01',
    differs,
  })
  return [
    scheme('an earlier draft, with a line for a hash of the body', { ext: `\n${ext}` }),
    scheme('Hawk', { first: 'hawk.1.header\n', ext: `\n${ext}` }),
  ]
}
