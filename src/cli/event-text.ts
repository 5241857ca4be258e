import type { CredentialEvent } from '../credentials/history.ts'
import type { AuditAction, RateLimit } from '../store/types.ts'
import { showExpiry, showRateLimit, showScopes } from './credential-text.ts'
import { showMoment, showSpan } from './terminal/moments.ts'

type Detail = CredentialEvent['detail']

/** What else is known of an event, in words. */
export function eventText({ action, detail, at }: CredentialEvent): string {
  return (WORDS[action] ?? JSON.stringify)(detail, at)
}

const WORDS: Readonly<Record<AuditAction, (detail: Detail, at: Date) => string>> = {
  created: () => '',
  rotated: ({ keyNumber, graceEnds, oldKeyLastUsed, expires }) => {
    const old = `key ${Number(keyNumber) - 1}`
    const until =
      graceEnds === null ? 'refused at once' : `in its grace until ${momentOf(graceEnds)}`
    const used = useOf(oldKeyLastUsed ?? null)
    return `key ${keyNumber} is new; ${old} ${until}, ${used}; expires ${expiryOf(expires)}`
  },
  retired: ({ keyNumber, lastUsed, endedEarly }) =>
    `key ${keyNumber} ${endedEarly === true ? 'ended by the rotation' : 'removed, its grace is over'}; ${useOf(lastUsed)}`,
  extended: ({ from, to }) => `expires ${expiryOf(to)} (before: ${expiryOf(from)})`,
  disabled: () => '',
  enabled: ({ disabled }, at) => `after ${showSpan(at.getTime() / 1000 - Number(disabled))}`,
  changed: ({ from, to }) => changesOf(Object(from), Object(to)).join('; '),
  revoked: () => '',
  deleted: ({ label, created, lastUsed }) =>
    [
      ...(label === null ? [] : [`label ${label}`]),
      `created ${momentOf(created)}`,
      useOf(lastUsed),
    ].join('; '),
}

/** What was changed, each from what it was to what it is. */
function changesOf(from: Detail, to: Detail): string[] {
  return Object.keys(to).flatMap((name) => {
    const [before, after] = [shownAs(name, from[name]), shownAs(name, to[name])]
    const named = name === 'rateLimit' ? 'rate limit' : name
    return before === after ? [] : [`${named} ${after} (before: ${before})`]
  })
}

function shownAs(name: string, value: unknown): string {
  if (name === 'scopes') return showScopes(value as readonly string[])
  if (name === 'rateLimit') return showRateLimit(value as RateLimit | null)
  return value === null ? 'none' : String(value)
}

function useOf(lastUsed: unknown): string {
  return lastUsed === null ? 'no use of it known' : `last used ${momentOf(lastUsed)}`
}

function expiryOf(seconds: unknown): string {
  return showExpiry(seconds === null ? null : dateOf(seconds))
}

function momentOf(seconds: unknown): string {
  return showMoment(dateOf(seconds))
}

function dateOf(seconds: unknown): Date {
  return new Date(Number(seconds) * 1000)
}
