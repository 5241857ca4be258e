import type { Credential } from '../credentials/credential.ts'
import { showAgo, showMoment, showShortSpan, showSpan } from '../moments.ts'
import type { RateLimit } from '../types.ts'
import { type Html, html } from './vendor.ts'

/** A credential that expires within this time is "expiring". In seconds. */
export const SOON: number = 7 * 86_400

const NUMBER = new Intl.NumberFormat('en')

/** `12,345` */
export function formatNumber(value: number): string {
  return NUMBER.format(value)
}

/** A time, in UTC. enhance.js shows it in the reader's time zone. */
export function time(moment: Date): Html {
  return html`<time datetime="${moment.toISOString()}">${showMoment(moment)}</time>`
}

/** A time relative to now, for lists, with the exact time in its title: `3 d ago`, `in 2 h`. */
export function timeAgo(moment: Date, now: Date): Html {
  return html`<time class="nowrap" datetime="${moment.toISOString()}" title="${showMoment(moment)}" data-relative>${relative(moment, now, showShortSpan)}</time>`
}

/** Both of them. */
export function timeAndAgo(moment: Date, now: Date): Html {
  return html`${time(moment)} <span class="quiet">(${relative(moment, now)})</span>`
}

function relative(moment: Date, now: Date, show: typeof showSpan = showSpan): string {
  const seconds = (moment.getTime() - now.getTime()) / 1000
  return seconds > 0 ? `in ${show(seconds)}` : showAgo(moment, now, show)
}

/** A text of unknown direction and length. It cannot change the direction of the text around it. */
export function foreign(text: string): Html {
  return html`<bdi>${text}</bdi>`
}

/** A text in one line, cut at the end if it is too long. The whole text is in its title. */
export function cut(text: string): Html {
  return html`<span class="cut" title="${text}"><bdi>${text}</bdi></span>`
}

/** A text of a machine, such as an identifier. It breaks anywhere. */
export function code(text: string): Html {
  return html`<code><bdi>${text}</bdi></code>`
}

export function formatRateLimit({ requests, seconds }: RateLimit): string {
  return `${formatNumber(requests)} requests in ${showSpan(seconds)}`
}

export type Status = 'active' | 'expiring' | 'expired' | 'disabled' | 'revoked'

/** Returns the status of a credential. Revoked wins over disabled, and disabled over expired. */
export function statusOf({ revoked, disabled, expires }: Credential, now: Date): Status {
  if (revoked !== null) return 'revoked'
  if (disabled !== null) return 'disabled'
  if (expires === null) return 'active'
  if (expires <= now) return 'expired'
  return expires.getTime() - now.getTime() <= SOON * 1000 ? 'expiring' : 'active'
}

const STATUS_WORDS: Readonly<Record<Status, string>> = {
  active: 'Active',
  expiring: 'Expiring',
  expired: 'Expired',
  disabled: 'Disabled',
  revoked: 'Revoked',
}

/** The status in a word. Its shape and its word say the same as its color. */
export function statusBadge(status: Status): Html {
  return html`<span class="badge ${status}">${STATUS_WORDS[status]}</span>`
}

/** The scopes of a credential, at most so many of them. */
export function scopeList(
  scopes: readonly string[],
  most: number = Number.POSITIVE_INFINITY,
): Html {
  if (scopes.length === 0) return html`<span class="quiet">none</span>`
  const shown = scopes.slice(0, most)
  const more = scopes.length - shown.length
  const rest =
    more === 0
      ? null
      : html` <span class="quiet" title="${scopes.slice(most).join(' ')}">+${more} more</span>`
  return html`<span class="scopes">${shown.map((scope) => html`<code class="scope">${scope}</code> `)}${rest}</span>`
}
