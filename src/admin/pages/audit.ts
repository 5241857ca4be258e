import type { CredentialEvent } from '../../credentials/change.ts'
import type { AuditFilter } from '../../store/types.ts'
import type { AuditAction } from '../../types.ts'
import { cut, foreign, time } from '../format.ts'
import { NO_ERRORS, selectField, textField } from '../forms.ts'
import { empty, heading, table } from '../layout.ts'
import { type Html, html } from '../vendor.ts'
import type { Page, Values, Visit } from '../visit.ts'

const ACTIONS: readonly AuditAction[] = [
  ...(['created', 'rotated', 'retired', 'extended', 'disabled', 'enabled', 'changed'] as const),
  ...(['revoked', 'deleted'] as const),
]

const ROWS = 100
const MAX_TEXT = 1024

/** Who did what when: filters, pages, and the same as CSV. */
export async function auditPage(visit: Visit): Promise<Page> {
  const { data, links, query } = visit
  const { search, faults } = readSearch(query)
  const before = numberIn(query.get('before'))
  const found = await data.history({ ...search, before, limit: ROWS + 1 })
  const shown = found.slice(0, ROWS)
  const last = found.length > ROWS ? shown.at(-1) : undefined
  const asked = askedIn(query)
  const isFiltered = Object.keys(asked).length > 0
  const field = (name: string, label: string) => ({
    ...{ name, label, values: query, errors: faults, form: 'audit' },
  })
  const body = html`${heading('Audit', html`<a class="button" href="${links.to('/audit.csv', asked)}">Download CSV</a>`)}
<form class="filter card" method="get" action="${links.to('/audit')}">
${selectField(field('action', 'Action'), [['', 'All'], ...ACTIONS.map((each) => [each, each] as const)])}
${textField(field('actor', 'By'), { max: MAX_TEXT })}
${textField(field('id', 'Identifier'), { max: MAX_TEXT, mono: true })}
${textField(field('user', 'User'), { max: MAX_TEXT })}
${textField(field('from', 'From (UTC)'), { type: 'date' })}
${textField(field('to', 'To (UTC)'), { type: 'date' })}
<p class="buttons"><button type="submit">Filter</button>${isFiltered ? html` <a class="button" href="${links.to('/audit')}">Show all</a>` : null}</p>
</form>
${shown.length > 0 ? auditTable(shown, visit, true) : isFiltered || before !== null ? empty('No event matches.', html`<a class="button" href="${links.to('/audit')}">Show all</a>`) : empty('Nothing has happened yet.', html`<p>Each change of a credential is recorded here, also if it is made by the command line or by your application.</p>`)}
${
  last === undefined && before === null
    ? null
    : html`<nav class="pager" aria-label="Pages">${before === null ? null : html`<a class="button" href="${links.to('/audit', asked)}">First page</a>`}${last === undefined ? null : html`<a class="button" rel="next" href="${links.to('/audit', { ...asked, before: last.number })}">Next ${ROWS}</a>`}</nav>`
}`
  return { title: 'Audit', section: 'audit', body }
}

/** The filters that were given, for the address of another page. */
function askedIn(query: Values): Record<string, string> {
  const names = ['action', 'actor', 'id', 'user', 'from', 'to']
  const given = names.map((name) => [name, (query.get(name) ?? '').trim().slice(0, MAX_TEXT)])
  return Object.fromEntries(given.filter(([, value]) => value !== ''))
}

function readSearch(query: Values): {
  search: Omit<AuditFilter, 'before' | 'limit'>
  faults: ReadonlyMap<string, string>
} {
  const asked = askedIn(query)
  const faults = new Map<string, string>(NO_ERRORS)
  const day = (name: string) => {
    const text = asked[name]
    if (text === undefined) return null
    const moment = new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? text : Number.NaN)
    if (!Number.isNaN(moment.getTime())) return moment.getTime() / 1000
    faults.set(name, 'Enter a date, such as 2030-12-31.')
    return null
  }
  const action = ACTIONS.find((each) => each === asked.action) ?? null
  if (action === null && asked.action !== undefined)
    faults.set('action', 'There is no such action.')
  const to = day('to')
  const search = {
    action,
    actor: asked.actor ?? null,
    credential: asked.id ?? null,
    user: asked.user ?? null,
    from: day('from'),
    // The day itself is included.
    to: to === null ? null : to + 86_399,
  }
  return { search, faults }
}

function numberIn(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null
}

/** @param isAll Whether it shows events of all credentials. */
export function auditTable(
  events: readonly CredentialEvent[],
  { links }: Visit,
  isAll: boolean,
): Html {
  const rows = events.map(({ at, action, actor, id, user, detail }) => [
    html`<span class="nowrap">${time(at)}</span>`,
    html`<strong>${action}</strong>`,
    actor === null ? html`<span class="quiet">—</span>` : cut(actor),
    ...(isAll
      ? [html`<a href="${links.credential(id)}"><code>${cut(id)}</code></a>`, cut(user)]
      : []),
    details(detail),
  ])
  return table(
    'Events, the latest first',
    [
      { name: 'When' },
      { name: 'Action' },
      { name: 'By' },
      ...(isAll ? [{ name: 'Credential' }, { name: 'User' }] : []),
      { name: 'Details', kind: 'wide' as const },
    ],
    rows,
  )
}

/** Names of details whose values are times, in seconds since 1970. */
const MOMENTS: ReadonlySet<string> = new Set([
  ...['expires', 'graceEnds', 'lastUsed', 'oldKeyLastUsed', 'disabled', 'from', 'to'],
])
const NAMES: Readonly<Record<string, string>> = {
  keyNumber: 'key',
  graceEnds: 'old key ends',
  oldKeyLastUsed: 'old key last used',
  lastUsed: 'last used',
  rateLimit: 'rate limit',
}

function details(detail: Readonly<Record<string, unknown>>): Html {
  const { from, to, ...others } = detail
  const isChange = isRecord(from) && isRecord(to)
  const entries: (readonly [name: string, shown: Html])[] = isChange
    ? Object.keys(to).map((name) => [
        name,
        html`${detailValue(name, from[name])} → ${detailValue(name, to[name])}`,
      ])
    : Object.entries(detail).map(([name, value]) => [name, detailValue(name, value)])
  if (isChange) {
    for (const [name, value] of Object.entries(others))
      entries.push([name, detailValue(name, value)])
  }
  if (entries.length === 0) return html`<span class="quiet">—</span>`
  return html`<span class="details">${entries.map(([name, shown]) => html`<span><span class="quiet">${NAMES[name] ?? name}</span> ${shown}</span>`)}</span>`
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The longest value that is shown in full. */
const MAX_SHOWN = 100

function detailValue(name: string, value: unknown): Html {
  if (value === null || value === undefined) return html`${MOMENTS.has(name) ? 'never' : 'none'}`
  if (typeof value === 'number' && MOMENTS.has(name) && Math.abs(value) < 1e12) {
    return time(new Date(value * 1000))
  }
  if (Array.isArray(value) && value.length === 0) return html`none`
  const isPlain = typeof value === 'string' || typeof value === 'number'
  const text = isPlain
    ? String(value)
    : Array.isArray(value)
      ? value.join(' ')
      : JSON.stringify(value)
  if (text.length <= MAX_SHOWN) return foreign(text)
  return html`<span title="${text}">${foreign(`${text.slice(0, MAX_SHOWN)}…`)}</span>`
}

/** The same events as a file, which is sent while it is read. */
export async function auditCsv({ data, query, now }: Visit): Promise<Response> {
  const { search, faults } = readSearch(query)
  if (faults.size > 0) {
    const why = [...faults].map(([name, fault]) => `${name}: ${fault}\n`).join('')
    return new Response(why, { status: 400, headers: { 'Content-Type': 'text/plain' } })
  }
  const read = (before: number | null) => data.history({ ...search, before, limit: CSV_ROWS })
  // The first rows are read now. If the store fails, the answer is an error, not a broken file.
  let events = await read(null)
  const encoder = new TextEncoder()
  const head = ['number', 'time', 'action', 'actor', 'credential', 'user', 'detail']
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(`\ufeff${csvLine(head)}`)),
    async pull(controller) {
      if (events.length > 0) controller.enqueue(encoder.encode(events.map(csvEvent).join('')))
      const last = events.at(-1)
      if (last === undefined || events.length < CSV_ROWS) controller.close()
      else events = await read(last.number)
    },
  })
  const name = `audit-${now.toISOString().slice(0, 10)}.csv`
  return new Response(body, {
    headers: {
      'Content-Type': 'text/csv; charset=utf-8',
      'Content-Disposition': `attachment; filename="${name}"`,
    },
  })
}

const CSV_ROWS = 1000

function csvEvent({ number, at, action, actor, id, user, detail }: CredentialEvent): string {
  const first = [String(number), at.toISOString(), action, actor ?? '', id, user]
  return csvLine([...first, JSON.stringify(detail)])
}

/**
 * A line of CSV (RFC 4180). A spreadsheet would calculate a text that begins like a formula, so such a text
 * gets an apostrophe, which spreadsheets do not show.
 */
function csvLine(values: readonly string[]): string {
  const quoted = values.map((value) => {
    const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
  })
  return `${quoted.join(',')}\r\n`
}
