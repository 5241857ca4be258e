import type { Row } from './search.ts'
import { shown } from './search.ts'
import {
  decode,
  decodeForm,
  decodePlain,
  encode,
  escapeCases,
  lessEscaped,
  moreEscaped,
  rawQuery,
} from './target-pieces.ts'

/** Of a query with more fields, only the last one may have been added. */
const MAX_FIELDS = 12

/** Returns other queries that a client may have signed. */
export function queries(query: string): Row<string>[] {
  const fields = query.slice(1)
  const asForm = String(new URLSearchParams(fields))
  const values = fields.split('&').map((field) => {
    return field.split('=').map((part) => encode(decodeForm(part), encodeURIComponent))
  })
  const strictly = values.map((parts) => parts.join('=')).join('&')
  const [upper, lower] = escapeCases(query)
  // To sign a "?" that is not sent is everyday only if there is no query.
  const kind = query === '' ? 'query-mark' : 'query-missing'
  const row = (kind: string, rank: number, how: string, value: string): Row<string> => {
    return [kind, rank, `the query ${how}`, value]
  }
  return [
    ['query-missing', 1, 'no query', ''],
    [kind, query === '' ? 1 : 3, 'a bare "?" in place of the query', '?'],
    ...(query === '' || query === '?' ? [] : changed()),
  ]
  function changed(): Row<string>[] {
    return [
      row(
        'query-decoded',
        1,
        'with raw characters, which arrived percent-encoded',
        rawQuery(query),
      ),
      row('query-decoded', 1, 'percent-decoded', `?${decode(fields)}`),
      row('query-decoded', 2, 'decoded by decodeURI()', `?${decodePlain(fields)}`),
      row('query-decoded', 2, 'decoded as a form is', `?${decodeForm(fields)}`),
      row('query-encoded', 2, 'encoded as a form is', `?${asForm}`),
      row('query-encoded', 2, 'with each value encoded again', `?${strictly}`),
      row('query-encoded', 3, 'with "%20" for "+"', `?${fields.replaceAll('+', '%20')}`),
      row('query-encoded', 3, 'with "+" for "%20"', `?${fields.replaceAll('%20', '+')}`),
      row('query-encoded', 3, 'with its escapes in upper case', upper),
      row('query-encoded', 3, 'with its escapes in lower case', lower),
      ...moreEscaped(fields).map((each) =>
        row('query-encoded', 4, 'with more escapes', `?${each}`),
      ),
      ...lessEscaped(query).map((each) => row('query-decoded', 4, 'with fewer escapes', each)),
      ...sortings(fields, asForm, strictly),
      ...withoutFields(fields),
    ]
  }
}

/** The query in other orders: sorted, and each order of at most four fields. */
function sortings(fields: string, asForm: string, strictly: string): Row<string>[] {
  const list = fields.split('&')
  if (list.length < 2) return []
  const sorted = [...list].sort()
  const form = new URLSearchParams(asForm)
  form.sort()
  const rows: Row<string>[] = [
    ['query-sorted', 2, 'the query sorted', `?${sorted.join('&')}`],
    ['query-sorted', 3, 'the query sorted and encoded as a form is', `?${form}`],
    [
      'query-sorted',
      3,
      'the query sorted and encoded as a form is',
      `?${asForm.split('&').sort().join('&')}`,
    ],
    [
      'query-sorted',
      3,
      'the query sorted, with each value encoded again',
      `?${strictly.split('&').sort().join('&')}`,
    ],
    ['query-sorted', 3, 'the query backwards', `?${[...list].reverse().join('&')}`],
  ]
  if (list.length > 4) return rows
  const others = orders(list).map((each): Row<string> => {
    return ['query-sorted', 4, 'the query in another order', `?${each.join('&')}`]
  })
  return [...rows, ...others]
}

function orders(list: readonly string[]): string[][] {
  if (list.length < 2) return [[...list]]
  return list.flatMap((first, at) =>
    orders([...list.slice(0, at), ...list.slice(at + 1)]).map((rest) => [first, ...rest]),
  )
}

/** The query without one or two of its fields, or without the empty ones. */
function withoutFields(fields: string): Row<string>[] {
  const list = fields.split('&')
  const row = (rank: number, left: readonly string[], added: readonly string[]): Row<string> => {
    const how = `the query without ${shown(added.join('&'))}, which arrived`
    return ['query-added', rank, how, left.length === 0 ? '' : `?${left.join('&')}`]
  }
  const all = list.length > MAX_FIELDS ? [list.length - 1] : [...list.keys()]
  const ones = all.map((at) => row(2, without(list, [at]), [list[at] ?? '']))
  const pairs =
    list.length > 8
      ? []
      : all.flatMap((at) =>
          all
            .filter((other) => other > at)
            .map((other) =>
              row(4, without(list, [at, other]), [list[at] ?? '', list[other] ?? '']),
            ),
        )
  const full = list.filter((field) => !/^[^=]*=?$/.test(field))
  const empty = list.filter((field) => /^[^=]*=?$/.test(field))
  return [...ones, ...pairs, ...(empty.length === 0 ? [] : [row(3, full, empty)])]
}

function without(list: readonly string[], gone: readonly number[]): string[] {
  return list.filter((_, at) => !gone.includes(at))
}
