import type { Credential } from '../../credentials/credential.ts'
import type { StatusFilter } from '../../store/types.ts'
import { cut, formatNumber, scopeList, statusBadge, statusOf, timeAgo } from '../format.ts'
import { attribute, empty, heading, notice, table } from '../layout.ts'
import { type Html, html } from '../vendor.ts'
import type { Page, Visit } from '../visit.ts'

const FILTERS: readonly (readonly [filter: StatusFilter, name: string])[] = [
  ['all', 'All'],
  ['active', 'Active'],
  ['expiring', 'Expiring within a week'],
  ['expired', 'Expired'],
  ['disabled', 'Disabled'],
  ['revoked', 'Revoked'],
  ['machine', 'Made by machines'],
]

/** How many rows a page has. */
const ROWS = 50

/** The longest text that is searched for. */
const MAX_TEXT = 256

const DONE: ReadonlyMap<string, string> = new Map([['deleted', 'The credential was deleted.']])

/** The list of credentials: search, filters, and pages from the newest to the oldest. */
export async function credentialsPage(visit: Visit): Promise<Page> {
  const { data, links, query } = visit
  const text = (query.get('q') ?? '').replaceAll('\0', '').trim().slice(0, MAX_TEXT)
  const status = FILTERS.find(([filter]) => filter === query.get('status'))?.[0] ?? 'all'
  const before = positionIn(query)
  const search = { text: text === '' ? null : text, status, before, limit: ROWS + 1 }
  const found = await data.search(search)
  const shown = found.slice(0, ROWS)
  const filters = FILTERS.map(([filter, name]) => {
    const address = links.to('/', { q: text, status: filter === 'all' ? null : filter })
    const current = filter === status ? 'true' : null
    return html`<li><a href="${address}"${attribute('aria-current', current)}>${name}</a></li>`
  })
  const done = DONE.get(query.get('done') ?? '')
  const body = html`${heading('Credentials', html`<a class="button primary" href="${links.to('/new')}">New credential</a>`)}
${done === undefined ? null : notice('good', html`<p>${done}</p>`)}
<form class="search" method="get" action="${links.to('/')}" role="search">
${status === 'all' ? null : html`<input type="hidden" name="status" value="${status}">`}
<label class="visually-hidden" for="q">Search by label, user or identifier</label>
<input id="q" name="q" type="search" value="${text}" maxlength="${MAX_TEXT}" placeholder="Label, user or identifier" autocomplete="off" spellcheck="false">
<button type="submit">Search</button>
</form>
<nav aria-label="Filter by status"><ul class="filters">${filters}</ul></nav>
${shown.length === 0 ? none(visit, text, status, before !== null) : list(shown, visit)}
${pager(visit, { text, status, last: found.length > ROWS ? shown.at(-1) : undefined, before })}`
  return { title: 'Credentials', section: 'credentials', body }
}

/** The last credential of the page before, by which the next one begins. */
function positionIn(query: Visit['query']): { created: number; id: string } | null {
  const created = query.get('created') ?? ''
  const id = query.get('id')
  if (!/^\d{1,12}$/.test(created) || id === undefined || id.length > 1024) return null
  return { created: Number(created), id }
}

function list(credentials: readonly Credential[], { links, now }: Visit): Html {
  const rows = credentials.map((credential) => {
    const { id, label, user, algorithm, scopes, created, expires, lastUsed, failures } = credential
    return [
      html`<a class="name" href="${links.credential(id)}">${cut(label ?? 'No label')}</a><code class="quiet">${cut(id)}</code>`,
      statusBadge(statusOf(credential, now)),
      cut(user),
      html`<span class="nowrap quiet">${algorithm}</span>`,
      scopeList(scopes, 2),
      timeAgo(created, now),
      expires === null ? html`<span class="quiet">never</span>` : timeAgo(expires, now),
      lastUsed === null ? html`<span class="quiet">never</span>` : timeAgo(lastUsed, now),
      html`<span${attribute('class', failures > 0 ? 'warn' : 'quiet')}>${formatNumber(failures)}</span>`,
    ]
  })
  return table(
    'Credentials, the newest first',
    [
      { name: 'Label and identifier', kind: 'main' },
      { name: 'Status' },
      { name: 'User' },
      { name: 'Algorithm' },
      { name: 'Scopes' },
      { name: 'Created' },
      { name: 'Expires' },
      { name: 'Last used' },
      { name: 'Failures, 24\u00a0h', kind: 'number' },
    ],
    rows,
  )
}

function none({ links }: Visit, text: string, status: StatusFilter, isLater: boolean): Html {
  if (isLater) {
    return empty(
      'There are no more credentials.',
      html`<a class="button" href="${links.to('/', { q: text, status })}">Back to the first page</a>`,
    )
  }
  if (text !== '' || status !== 'all') {
    return empty(
      'No credential matches.',
      html`<p>Search for a part of a label, a user or an identifier, or show all of them.</p><a class="button" href="${links.to('/')}">Show all</a>`,
    )
  }
  return empty(
    'There are no credentials yet.',
    html`<p>A client needs one to sign its requests. Create the first: you get an identifier and a key.</p><a class="button primary" href="${links.to('/new')}">New credential</a>`,
  )
}

interface Position {
  readonly text: string
  readonly status: StatusFilter
  /** The last credential of this page, if there are more. */
  readonly last: Credential | undefined
  readonly before: { readonly created: number } | null
}

function pager({ links }: Visit, { text, status, last, before }: Position): Html | null {
  const common = { q: text, status: status === 'all' ? null : status }
  if (last === undefined && before === null) return null
  const first =
    before === null ? null : html`<a class="button" href="${links.to('/', common)}">First page</a>`
  const next =
    last === undefined
      ? null
      : html`<a class="button" rel="next" href="${links.to('/', { ...common, created: last.created.getTime() / 1000, id: last.id })}">Next ${ROWS}</a>`
  return html`<nav class="pager" aria-label="Pages">${first}${next}</nav>`
}
