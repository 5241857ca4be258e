import type { Explanation } from '../../explain/explanation.ts'
import type { Rejection } from '../../server/recent-rejections.ts'
import { code, cut, foreign, timeAgo, timeAndAgo } from '../format.ts'
import { type Column, empty, facts, heading, table } from '../layout.ts'
import { type Html, html } from '../vendor.ts'
import type { Page, Redirect, Visit } from '../visit.ts'
import { notFound } from './not-found.ts'

const ROWS = 100
/** How many characters of a method and path the list shows: a path may be very long. */
const MAX_SHOWN = 200

/** The newest rejected requests of this process. `?reference=` leads to one of them. */
export function rejectionsPage(visit: Visit): Page | Redirect {
  const { data, links, query } = visit
  const reference = (query.get('reference') ?? '').trim().slice(0, 64)
  if (reference !== '' && data.rejection(reference) !== null) {
    return { location: links.to('/rejection', { reference }) }
  }
  const found = data.rejections(ROWS)
  const missing =
    reference === ''
      ? null
      : empty(
          'There is no rejected request with this reference.',
          html`<p>This process keeps the newest ones in memory. It may be older, or another process may have rejected it. Look for ${code(reference)} in the log of the server, and give the report to <code>withmac explain</code>.</p><a class="button" href="${links.to('/rejections')}">Show the newest</a>`,
        )
  const body = html`${heading('Recent rejections')}
<p class="lead-in">The newest rejected requests of this process. They are kept in memory only, and a restart forgets them. Requests to another process are not here, so <code>withmac admin</code> does not show those of your server: mount the page there. The body of each response has its reference.</p>
<form class="search" method="get" action="${links.to('/rejections')}" role="search">
<label class="visually-hidden" for="reference">Search by reference</label>
<input id="reference" name="reference" value="${reference}" maxlength="64" placeholder="Reference" class="mono" autocomplete="off" spellcheck="false">
<button type="submit">Search</button>
</form>
${missing ?? (found.length === 0 ? empty('No request was rejected since this page was mounted.', html`<p>If a client gets a 401, look here for the reason: the body of its response has a reference.</p>`) : list(found, visit))}`
  return { title: 'Recent rejections', section: 'rejections', body }
}

function list(rejections: readonly Rejection[], { links, now }: Visit): Html {
  const rows = rejections.map(({ at, error, report, method, path, id }) => [
    html`<a class="name mono" href="${links.to('/rejection', { reference: report.reference })}">${report.reference}</a>`,
    html`<span class="nowrap">${timeAgo(at, now)}</span>`,
    html`<code>${error.code}</code>`,
    html`<code>${cut(`${method} ${path}`.slice(0, MAX_SHOWN))}</code>`,
    id === null
      ? html`<span class="quiet">none</span>`
      : html`<a href="${links.credential(id)}"><code>${cut(id)}</code></a>`,
  ])
  return table(
    'Rejected requests, the newest first',
    [
      { name: 'Reference', kind: 'main' },
      { name: 'When' },
      { name: 'Code' },
      { name: 'Request', kind: 'wide' },
      { name: 'Names the credential' },
    ],
    rows,
  )
}

/** One rejected request, with its explanation. */
export async function rejectionPage(visit: Visit): Promise<Page> {
  const { data, links, query, now } = visit
  const reference = (query.get('reference') ?? '').slice(0, 64)
  const rejection = data.rejection(reference)
  if (rejection === null) {
    return notFound(
      'This rejection is no longer kept',
      html`<p>This process keeps the newest ones in memory, and a restart forgets them.</p><p><a class="button" href="${links.to('/rejections')}">Recent rejections</a></p>`,
      'rejections',
    )
  }
  const { at, error, report, method, path, id } = rejection
  const explanation = await report.explain()
  const body = html`<nav class="crumbs" aria-label="Breadcrumb"><a href="${links.to('/rejections')}">Recent rejections</a></nav>
${heading(html`<span class="mono">${report.reference}</span>`)}
<section class="card"><h2 class="visually-hidden">The request</h2>${facts([
    ['When', timeAndAgo(at, now)],
    ['Code', html`<code>${error.code}</code>, answered with ${error.status}`],
    ['Request', code(`${method} ${path}`)],
    [
      'Names the credential',
      id === null
        ? html`<span class="quiet">none</span>`
        : html`<a href="${links.credential(id)}">${code(id)}</a> <span class="quiet">A header may name any credential.</span>`,
    ],
    ['For the operator', foreign(error.message)],
  ])}</section>
<section aria-labelledby="why"><h2 id="why">Why</h2>${explanation === null ? html`<p>The credential cannot be read now, so there is no explanation.</p>` : explained(explanation)}</section>`
  return { title: `Rejection ${report.reference}`, section: 'rejections', body }
}

/** Who should change something. */
const SIDES: Readonly<Record<Explanation['mistakes'][number]['side'], string>> = {
  client: 'Client',
  server: 'Server',
  either: 'Client or server',
}

function explained({ sentence, lines, mistakes, notes, search, settings }: Explanation): Html {
  const change =
    mistakes.length === 0
      ? null
      : html`<h3>What to change</h3><ul class="mistakes">${mistakes.map(({ kind, side, sentence: did, change: what }) => html`<li><span class="badge ${side === 'client' ? 'expiring' : 'disabled'}">${SIDES[side]}</span> ${did === sentence ? null : html`${foreign(did)} `}<strong>${foreign(what)}</strong> <span class="quiet mono">${kind}</span></li>`)}</ul>`
  const origin =
    settings === null
      ? null
      : html`<p>With this option the server accepts the request: <code>origin: '${settings.origin}'</code></p>`
  const more =
    notes.length === 0
      ? null
      : html`<ul>${notes.map((note) => html`<li>${foreign(note)}</li>`)}</ul>`
  const tried =
    search.tried > 1
      ? html`<p class="quiet">${search.tried} combinations were tried${search.bounded ? ', and then the search was ended' : ''}.</p>`
      : null
  return html`<p class="verdict">${foreign(sentence)}</p>${change}${origin}${more}${lines.length === 0 ? null : linesOf(lines)}${tried}`
}

/** The normalized request string, line by line. */
function linesOf(lines: Explanation['lines']): Html {
  const isKnown = lines.some(({ signed }) => signed !== null)
  const rows = lines.map(({ name, received, signed }) => [
    html`<strong>${name}</strong>`,
    value(received),
    ...(isKnown ? [signed === null ? NOT_KNOWN : value(signed), comparison(received, signed)] : []),
  ])
  const columns: readonly Column[] = [
    { name: 'Line', kind: 'main' },
    { name: 'The server received', kind: 'wide' },
    ...(isKnown
      ? ([{ name: 'The client signed', kind: 'wide' }, { name: 'Result' }] as const)
      : []),
  ]
  const about = isKnown
    ? null
    : html`<p class="hint">What the client signed was not found out, so only what the server received is shown.</p>`
  const caption = 'The signed lines, as received and as signed'
  return html`<h3>Line by line</h3>${about}${table(caption, columns, rows)}`
}

const NOT_KNOWN: Html = html`<span class="quiet">not known</span>`

function comparison(received: string, signed: string | null): Html {
  if (signed === null) return NOT_KNOWN
  return signed === received
    ? html`<span class="badge active">Same</span>`
    : html`<span class="badge revoked">Differs</span>`
}

function value(text: string): Html {
  return text === '' ? html`<span class="quiet">empty</span>` : code(text)
}
