import { shownTarget, TARGETS, targetsThat } from './checks/targets.ts'
import { ENTRIES, HTTP, HTTP2 } from './client.ts'
import { namedSteps } from './faults.ts'
import type { SetUp } from './proxies.ts'
import type { ProxyResults, SetUpResults } from './results.ts'

type Row = readonly string[]

/** The tables of the page, each between `<!-- table: NAME -->` and `<!-- end of the table -->`. */
const TABLES: Readonly<Record<string, (results: readonly ProxyResults[]) => string>> = {
  versions: versionsText,
  options: (all) => optionTable(all, false),
  prefix: (all) => optionTable(all, true),
  targets: targetTable,
  dangers: dangerTable,
}

/** Returns the page with its tables made anew, the tables alone, and whether the page names other versions. */
export function withTables(
  page: string,
  results: readonly ProxyResults[],
): { readonly page: string; readonly tables: string; readonly hasOtherVersions: boolean } {
  const tables: string[] = []
  let made = page
  for (const [name, write] of Object.entries(TABLES)) {
    const table = write(results)
    tables.push(`${name}:\n${table}\n`)
    const place = new RegExp(`(<!-- table: ${name} -->\n\n)[^]*?(\n\n<!-- end of the table -->)`)
    if (!place.test(made)) throw new Error(`The page has no place for the table ${name}.`)
    made = made.replace(place, (_, before, after) => before + table + after)
  }
  const hasOtherVersions = !page.includes(versionsText(results))
  return { page: made, tables: tables.join('\n'), hasOtherVersions }
}

function versionsText(all: readonly ProxyResults[]): string {
  return `${all.map(({ name, version }) => `${name} ${version}`).join(', ')}.`
}

/** By the set-up: at which entries a request is accepted with which options. */
function optionTable(all: readonly ProxyResults[], cutsPrefix: boolean): string {
  const prefix = cutsPrefix ? 'path + ' : ''
  const options = [
    ...(cutsPrefix ? ['none'] : []),
    ...['none', 'origin', 'list', 'trustProxy'].map((name) => prefix + name),
  ]
  const heads: Readonly<Record<string, string>> = {
    none: 'none',
    origin: '`origin`',
    list: 'a list',
    trustProxy: '`trustProxy`',
    'path + none': '`path`',
    'path + origin': 'and `origin`',
    'path + list': 'and a list',
    'path + trustProxy': 'and `trustProxy`',
  }
  const rows = rowsOf(all, (results) =>
    results.setUp.cutsPrefix === cutsPrefix
      ? [
          ...options.map((option) => entriesText(results.options.accepted[option] ?? [])),
          named(results),
        ]
      : null,
  )
  const head = ['proxy', ...options.map((option) => heads[option] ?? option), 'explained by']
  return table(head, rows)
}

/** What became of the request targets, and how many withmac accepted. */
function targetTable(all: readonly ProxyResults[]): string {
  const rows = rowsOf(all, ({ targets }) => {
    const results = targets[HTTP.name] ?? {}
    const refused = listText(targetsThat(results, 'refused by the proxy'))
    const changed = listText(targetsThat(results, 'changed'))
    return [
      String(targetsThat(results, 'unchanged').length),
      String(Object.values(results).filter(({ isAccepted }) => isAccepted).length),
      [changed, refused === '' ? '' : `**refused:** ${refused}`]
        .filter((text) => text !== '')
        .join(' '),
    ]
  })
  const head = ['proxy', 'unchanged', 'accepted', 'changed or refused']
  return [
    `The ${TARGETS.length} targets: ${listText(TARGETS)}.`,
    overHttp2(all),
    table(head, rows),
  ].join('\n\n')
}

/** Says which targets have another result over HTTP/2. */
function overHttp2(all: readonly ProxyResults[]): string {
  const different = all.flatMap(({ name, setUps }) =>
    setUps.flatMap(({ targets }) => {
      const one = targets[HTTP.name] ?? {}
      const two = Object.entries(targets[HTTP2.name] ?? {})
      return two
        .filter(([target, result]) => JSON.stringify(result) !== JSON.stringify(one[target]))
        .map(([target]) => `${shownTarget(target)} (${name})`)
    }),
  )
  const except = different.length === 0 ? '' : `, except ${[...new Set(different)].join(', ')}`
  return `Over HTTP/2 the results are the same${except}.`
}

/** Forged fields, copies, WebSockets and addresses. */
function dangerTable(all: readonly ProxyResults[]): string {
  const rows = rowsOf(all, ({ forged, copies, address, sockets }) => [
    forged.effective.length === 0
      ? 'none'
      : forged.effective.map((field) => `\`${field}\``).join(', '),
    `${copiesText(copies.GET)}, ${copiesText(copies.POST)}`,
    address,
    sockets.every(Boolean) ? 'yes' : 'no',
  ])
  const head = [
    'proxy',
    'forged fields that count',
    'copies: GET, POST',
    'counted address',
    'WebSocket',
  ]
  return table(head, rows)
}

/** How often a proxy that tries for a while sends a request depends on the time. */
function copiesText(copies: number): string {
  return copies > 1 ? 'several' : String(copies)
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
    return [...rows.values()].map(({ shown, row }) => [`${name}: ${shown.join('; ')}`, ...row])
  })
}

function shownSetUp({ name, file, isExample, cutsPrefix }: SetUp): string {
  if (isExample) return `[${file.split('/').at(-1)}](${file.replace('docs/', '')})`
  return cutsPrefix ? `${name} without the prefix` : name
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
  const texts = options.explained.map((explained) => {
    const steps = namedSteps(explained)
    if (steps === null) return 'nothing'
    return steps.map((names) => names.map(optionText).join(' and ')).join(', then ')
  })
  return [...new Set(texts)].join('; ')
}

function optionText(name: string): string {
  return `\`${name === 'list' ? 'origin' : name}\``
}

function listText(targets: readonly string[]): string {
  return targets.map(shownTarget).join(' ')
}

function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
