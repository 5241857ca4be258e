import { shownTarget, TARGETS, targetsThat } from './checks/targets.ts'
import { ENTRIES, HTTP, HTTP2 } from './client.ts'
import { namedRemedy } from './faults.ts'
import type { SetUp } from './proxies.ts'
import type { ProxyResults, SetUpResults } from './results.ts'

type Row = readonly string[]

/** The tables of the page, each between `<!-- table: NAME -->` and `<!-- end of the table -->`. */
const TABLES: Readonly<Record<string, (results: readonly ProxyResults[]) => string>> = {
  versions: (all) => `${all.map(({ name, version }) => `${name} ${version}`).join(', ')}`,
  options: (all) => optionTable(all, false),
  prefix: (all) => optionTable(all, true),
  targets: targetTable,
  dangers: dangerTable,
}

/** Returns the page with its tables made anew, and the tables alone. */
export function withTables(
  page: string,
  results: readonly ProxyResults[],
): { readonly page: string; readonly tables: string } {
  const tables: string[] = []
  let made = page
  for (const [name, write] of Object.entries(TABLES)) {
    const table = write(results)
    tables.push(`${name}:\n${table}\n`)
    const place = new RegExp(`(<!-- table: ${name} -->\n\n)[^]*?(\n\n<!-- end of the table -->)`)
    if (!place.test(made)) throw new Error(`The page has no place for the table ${name}.`)
    made = made.replace(place, (_, before, after) => before + table + after)
  }
  return { page: made, tables: tables.join('\n') }
}

/** By the set-up: at which entries a request is accepted with which options. */
function optionTable(all: readonly ProxyResults[], cutsPrefix: boolean): string {
  const prefix = cutsPrefix ? 'path + ' : ''
  const options = [
    ...(cutsPrefix ? ['none'] : []),
    ...['none', 'origin', 'list', 'trustProxy'].map((name) => prefix + name),
  ]
  const heads: Readonly<Record<string, string>> = {
    none: 'no option',
    origin: '`origin`',
    list: '`origin`, a list',
    trustProxy: '`trustProxy`',
    'path + none': '`path`',
    'path + origin': '`path`, `origin`',
    'path + list': '`path`, a list',
    'path + trustProxy': '`path`, `trustProxy`',
  }
  const rows = rowsOf(all, (results) =>
    results.setUp.cutsPrefix === cutsPrefix
      ? [
          ...options.map((option) => entriesText(results.options.accepted[option] ?? [])),
          named(results),
        ]
      : null,
  )
  const head = [
    'proxy',
    'configuration',
    ...options.map((option) => heads[option] ?? option),
    'the explanation names',
  ]
  return table(head, rows)
}

/** What became of the request targets, and how many withmac accepted. */
function targetTable(all: readonly ProxyResults[]): string {
  const rows = rowsOf(all, ({ targets }) => {
    const results = targets[HTTP.name]
    const overHttp2 = targets[HTTP2.name] ?? {}
    const differs = Object.keys(overHttp2).filter(
      (target) => JSON.stringify(overHttp2[target]) !== JSON.stringify(results?.[target]),
    )
    return [
      String(targetsThat(results, 'unchanged').length),
      listText(targetsThat(results, 'changed')),
      listText(targetsThat(results, 'refused by the proxy')),
      String(Object.values(results ?? {}).filter(({ isAccepted }) => isAccepted).length),
      listText(differs) || 'none',
    ]
  })
  const head = [
    'proxy',
    'configuration',
    'unchanged',
    'changed',
    'refused',
    'accepted',
    'other with HTTP/2',
  ]
  return `The ${TARGETS.length} targets: ${listText(TARGETS)}.\n\n${table(head, rows)}`
}

/** Forged fields, copies, WebSockets and addresses. */
function dangerTable(all: readonly ProxyResults[]): string {
  const rows = rowsOf(all, ({ forged, copies, address, sockets }) => [
    forged.effective.length === 0
      ? 'none'
      : forged.effective.map((field) => `\`${field}\``).join(', '),
    forged.unharmed.length === ENTRIES.length ? 'yes' : 'no',
    `${copiesText(copies.GET)}, ${copiesText(copies.POST)}`,
    address,
    sockets.every(Boolean) ? 'yes' : 'no',
  ])
  const head = [
    'proxy',
    'configuration',
    'forged fields that count',
    'right requests survive forged fields',
    'copies of a failed GET, POST',
    'counted address',
    'WebSocket',
  ]
  return table(head, rows)
}

/** How often a proxy that tries for a while sends a request depends on the time. */
function copiesText(copies: number): string {
  return copies > 2 ? 'many' : String(copies)
}

/** Returns a row for each set-up; those of one proxy with the same results are one row. */
function rowsOf(
  all: readonly ProxyResults[],
  cells: (results: SetUpResults) => Row | null,
): readonly Row[] {
  return all.flatMap(({ name, setUps }) => {
    const rows = new Map<string, { readonly shown: string[]; readonly row: Row }>()
    for (const results of setUps) {
      const row = cells(results)
      if (row === null) continue
      const shown = shownSetUp(results.setUp)
      const same = rows.get(JSON.stringify(row))
      if (same === undefined) rows.set(JSON.stringify(row), { shown: [shown], row })
      else same.shown.push(shown)
    }
    return [...rows.values()].map(({ shown, row }) => [name, shown.join('; '), ...row])
  })
}

function shownSetUp({ name, file, isExample, cutsPrefix }: SetUp): string {
  if (isExample) return `[${file.split('/').at(-1)}](${file.replace('docs/', '')})`
  return cutsPrefix ? `${name}, without the prefix` : name
}

function entriesText(entries: readonly string[]): string {
  if (entries.length === ENTRIES.length) return 'all'
  // HTTP/2 is named only if it differs.
  const both = entries.includes('443') && entries.includes(HTTP2.name)
  const shown = both ? entries.filter((entry) => entry !== HTTP2.name) : entries
  return shown.length === 0 ? '–' : shown.join(', ')
}

/** The options that the explanations of rejections without any option name. */
function named({ options }: SetUpResults): string {
  const all = options.explained.map(({ sentence, remedies }) => namedRemedy(sentence, remedies))
  if (all.length === 0) return ''
  const texts = all.map((names) =>
    names === null
      ? 'nothing'
      : names.map((name) => `\`${name === 'list' ? 'origin' : name}\``).join(' and '),
  )
  return [...new Set(texts)].join('; ')
}

function listText(targets: readonly string[]): string {
  return targets.map(shownTarget).join(' ')
}

function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
