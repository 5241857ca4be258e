import { heading } from '../layout.ts'
import { type HtmlValue, html } from '../vendor.ts'
import type { Page, Section } from '../visit.ts'

/** A page that says that something does not exist, and where to go. */
export function notFound(title: string, advice: HtmlValue, section: Section | null): Page {
  return { status: 404, title, section, body: html`${heading(title)}${advice}` }
}
