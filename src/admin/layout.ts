import { foreign } from './format.ts'
import { type Html, type HtmlValue, html, raw } from './vendor.ts'
import type { Page, Section, Visit } from './visit.ts'

const SECTIONS: readonly (readonly [section: Section, path: string, name: string])[] = [
  ['credentials', '/', 'Credentials'],
  ['rejections', '/rejections', 'Rejections'],
  ['traffic', '/traffic', 'Traffic'],
  ['health', '/health', 'Health'],
  ['audit', '/audit', 'Audit'],
]

/**
 * Returns a whole HTML page.
 * @param version A text that changes with the style and the script, so that browsers load them again.
 */
export function layout(
  { title, section, body }: Page,
  { links, actor }: Pick<Visit, 'links' | 'actor'>,
  version: string,
): Html {
  const entries = SECTIONS.map(([name, path, text]) => {
    const current = name === section
    return html`<li><a href="${links.to(path)}"${attribute('aria-current', current ? 'page' : null)}>${text}</a></li>`
  })
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · withmac</title>
<link rel="icon" href="${links.to('/icon.svg', { v: version })}" type="image/svg+xml">
<link rel="stylesheet" href="${links.to('/style.css', { v: version })}">
<script src="${links.to('/enhance.js', { v: version })}" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="top">
<div class="bar">
<a class="brand" href="${links.to('/')}">withmac</a>
<nav aria-label="Main"><ul>${entries}</ul></nav>
<p class="actor">Acting as <strong class="cut" title="${actor}">${foreign(actor)}</strong></p>
</div>
</header>
<main id="main" tabindex="-1">${body}</main>
<p class="visually-hidden" role="status" id="said"></p>
</body>
</html>
`
}

/** ` name="value"`, or nothing. */
export function attribute(name: string, value: string | null | undefined): Html {
  return value === null || value === undefined ? html`` : html` ${raw(name)}="${value}"`
}

/** ` name`, or nothing, for an attribute such as `checked`. */
export function flag(name: string, on: boolean): Html {
  return raw(on ? ` ${name}` : '')
}

/** The heading of a page, with what can be done beside it. */
export function heading(title: HtmlValue, beside: HtmlValue = null): Html {
  return html`<div class="heading"><h1>${title}</h1>${beside === null ? null : html`<div class="beside">${beside}</div>`}</div>`
}

/** A message about what happened. */
export function notice(kind: 'good' | 'bad' | 'note', text: HtmlValue): Html {
  return html`<div class="notice ${kind}"${attribute('role', kind === 'bad' ? 'alert' : null)}>${text}</div>`
}

/** What is shown if there is nothing to show, and what to do next. */
export function empty(title: string, advice: HtmlValue): Html {
  return html`<div class="empty"><p class="lead">${title}</p><div>${advice}</div></div>`
}

/** A cell of a table. */
export interface Column {
  readonly name: string
  /** `number` is aligned at its end. */
  readonly kind?: 'number' | 'main' | 'wide'
}

/**
 * A table. On a phone each row becomes a card, whose cells name their columns; the roles are repeated, because
 * browsers drop them from a table that is not displayed as one.
 */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly HtmlValue[])[],
): Html {
  const head = columns.map(
    ({ name, kind }) =>
      html`<th scope="col" role="columnheader"${attribute('class', kind)}>${name}</th>`,
  )
  const body = rows.map(
    (row) =>
      html`<tr role="row">${row.map((cell, at) => {
        const { name = '', kind } = columns[at] ?? {}
        return html`<td role="cell" data-label="${name}"${attribute('class', kind)}><div>${cell}</div></td>`
      })}</tr>`,
  )
  return html`<table class="cards" role="table">
<caption class="visually-hidden">${caption}</caption>
<thead role="rowgroup"><tr role="row">${head}</tr></thead>
<tbody role="rowgroup">${body}</tbody>
</table>`
}

/** Facts by name. */
export function facts(entries: readonly (readonly [name: string, value: HtmlValue])[]): Html {
  return html`<dl class="facts">${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

/** A button that copies the text of an element. It is shown only if the script runs. */
export function copyButton(target: string, what: string): Html {
  return html`<button type="button" class="small" data-copy="${target}" hidden>Copy<span class="visually-hidden"> ${what}</span></button>`
}
