import type { CredentialEvent } from '../credentials/change.ts'
import type { Credential, NewCredential } from '../credentials/credential.ts'
import { plain } from '../protocol/text.ts'
import type { AuditAction, RateLimit } from '../types.ts'
import { curlAdvice } from './curl.ts'
import { lineOn, pasted, quote } from './help.ts'
import { showAgo, showMoment, showShortSpan, showSpan, showUse } from './terminal/moments.ts'
import type { Terminal } from './terminal/terminal.ts'
import { type Colors, type Field, fieldLines, wrap } from './terminal/text.ts'

export type Status = 'valid' | 'expired' | 'disabled' | 'revoked'

/**
 * What a credential is worth at a moment. A revoked one stays that, and a disabled one as long as it
 * is, also when it has expired.
 */
export function statusOf({ revoked, disabled, expires }: Credential, now: Date): Status {
  if (revoked !== null) return 'revoked'
  if (disabled !== null) return 'disabled'
  return expires !== null && expires <= now ? 'expired' : 'valid'
}

/** A credential as `--json` prints it: the library's names, and what it is worth. */
export function credentialJson(credential: Credential, now: Date): object {
  return { ...credential, status: statusOf(credential, now) }
}

/** How many there are, in words. */
export function manyCredentials(count: number): string {
  return count === 1 ? '1 credential' : `${count} credentials`
}

/** What a credential is worth, and since when or until when. */
export function statusText(credential: Credential, now: Date): string {
  const { revoked, disabled, expires } = credential
  if (revoked !== null) return `revoked ${showMoment(revoked)}`
  const over = expires !== null && expires <= now
  const expired = over ? `expired ${showMoment(expires)}` : null
  if (disabled !== null) {
    return [`disabled ${showMoment(disabled)}`, ...(expired === null ? [] : [expired])].join(', ')
  }
  if (expired !== null) return expired
  return expires === null
    ? 'valid, never expires'
    : `valid, ${showSpan(secondsTo(expires, now))} left`
}

/** The same in few characters, for tables. */
export function shortStatus(credential: Credential, now: Date): string {
  const status = statusOf(credential, now)
  const { revoked, disabled, expires } = credential
  const since = revoked ?? disabled ?? expires
  if (since === null) return 'valid for ever'
  const span = showShortSpan(secondsTo(since, now))
  return status === 'valid' ? `valid, ${span} left` : `${status} ${span} ago`
}

/** The colour that says it at a glance. */
export function statusColor(
  credential: Credential,
  now: Date,
  colors: Colors,
): (text: string) => string {
  const status = statusOf(credential, now)
  if (status === 'valid') return colors.green
  return status === 'expired' ? colors.yellow : colors.red
}

/** All of a credential but its key and its use, in lines; and what else is to stand among them. */
export function credentialLines(
  credential: Credential,
  now: Date,
  colors: Colors,
  more: readonly Field[] = [],
): string[] {
  const { id, user, algorithm, label, created, expires, clockOffsetSeconds } = credential
  const { scopes, rateLimit } = credential
  const status = statusColor(credential, now, colors)(statusText(credential, now))
  return fieldLines(
    [
      ['id', plain(id)],
      ['user', plain(user)],
      ['label', label === null ? null : plain(label)],
      ['status', status],
      ['created', showMoment(created)],
      ['expires', showExpiry(expires)],
      ['algorithm', plain(algorithm)],
      ['scopes', scopes.length === 0 ? null : showScopes(scopes)],
      ['rate limit', rateLimit === null ? null : showRateLimit(rateLimit)],
      ['clock', clockOffsetSeconds === null ? null : clockText(clockOffsetSeconds)],
      ...more,
    ],
    colors,
  )
}

const NEVER = 'never, as far as is known'

/** Which keys a credential has, and whether they are used. */
export function useFields(credential: Credential, now: Date, { yellow }: Colors): Field[] {
  const { keyNumber, rotated, oldKey, lastUsed, failures } = credential
  const refused = `${failures} in the last 24 hours, those of strangers in its name among them`
  return [
    [
      'key number',
      rotated === null ? `${keyNumber}` : `${keyNumber}, since ${showMoment(rotated)}`,
    ],
    ['old key', oldKey === null ? null : oldKeyText(oldKey, now)],
    ['last used', lastUsed === null ? NEVER : `${showMoment(lastUsed)}, ${showAgo(lastUsed, now)}`],
    ['failures', failures === 0 ? null : yellow(refused)],
  ]
}

/** Until when an old key counts, and whether it is used. */
function oldKeyText(
  { keyNumber, graceEnds, lastUsed }: NonNullable<Credential['oldKey']>,
  now: Date,
): string {
  const end = showMoment(graceEnds)
  if (graceEnds <= now) return `${keyNumber}, refused since ${end}, ${showUse(lastUsed, now)}`
  const left = showSpan(secondsTo(graceEnds, now))
  return `${keyNumber}, in its grace until ${end} (${left} left), ${showUse(lastUsed, now)}`
}

/** When something ends, or that it does not. */
export function showExpiry(expires: Date | null): string {
  return expires === null ? 'never' : showMoment(expires)
}

/** Scopes as OAuth writes them, or that there are none. */
export function showScopes(scopes: readonly string[]): string {
  return scopes.length === 0 ? 'none' : plain(scopes.join(' '))
}

/** A limit in words, or that there is none of its own. */
export function showRateLimit(limit: RateLimit | null): string {
  if (limit === null) return 'the same as all'
  const requests = limit.requests === 1 ? '1 request' : `${limit.requests} requests`
  return `${requests} in ${wholeSpan(limit.seconds)}`
}

/** A length of time to the second. */
function wholeSpan(seconds: number): string {
  const [size, name] =
    (
      [
        [86_400, 'day'],
        [3600, 'hour'],
        [60, 'minute'],
      ] as const
    ).find(([size]) => seconds % size === 0) ?? ([1, 'second'] as const)
  return seconds === size ? `1 ${name}` : `${seconds / size} ${name}s`
}

/** What was learned is what must be added to the client's time. */
function clockText(offset: number): string {
  if (offset === 0) return "the client's clock agrees with the server's"
  const direction = offset > 0 ? 'behind' : 'ahead of'
  return `the client's clock is ${showSpan(offset)} ${direction} the server's`
}

function secondsTo(moment: Date, now: Date): number {
  return (moment.getTime() - now.getTime()) / 1000
}

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

/** A key that is refused since a rotation. */
interface EndedKey {
  readonly keyNumber: number
  /** When it was last used. */
  readonly lastUsed: Date | null
}

/**
 * The keys that counted before a rotation, and do not after it.
 * @param history What was done to the credential, the rotation included: it tells the last use of each
 *   key by itself. Without it, the last use of all of them stands for that of each.
 */
export function endedKeys(
  before: Credential,
  after: Credential,
  history: readonly CredentialEvent[],
  now: Date,
): EndedKey[] {
  const { oldKey: earlier } = before
  const ended: number[] = []
  if (earlier !== null && earlier.graceEnds > now) ended.push(earlier.keyNumber)
  if (after.oldKey === null) ended.push(after.keyNumber - 1)
  return ended.map((keyNumber) => {
    const retired = history.find(
      ({ action, detail }) => action === 'retired' && detail.keyNumber === keyNumber,
    )
    if (retired === undefined) return { keyNumber, lastUsed: after.lastUsed }
    const { lastUsed } = retired.detail
    return { keyNumber, lastUsed: lastUsed === null ? null : new Date(Number(lastUsed) * 1000) }
  })
}

/** What a rotation means for those who have a key from before. */
export function rotatedLines(
  { id, oldKey, disabled, expires }: Credential,
  ended: readonly EndedKey[],
  now: Date,
  { colors, columns }: Terminal,
): string[] {
  const { bold, cyan, red, yellow } = colors
  const show = (text: string) => wrap(text, columns, 0)
  const lines: string[] = []
  if (ended.length > 0) {
    lines.push(red(bold(show(`Every request with ${named(ended)} is refused from now on.`))))
    lines.push(show(cutOff(ended, now)))
  }
  if (oldKey !== null) {
    const { keyNumber, graceEnds, lastUsed } = oldKey
    const withAll = expires !== null && expires <= graceEnds
    const end = withAll ? expires : graceEnds
    const left = showSpan((end.getTime() - now.getTime()) / 1000)
    const why = withAll ? ', when the credential itself expires' : ''
    lines.push(
      show(`Key ${keyNumber} stays valid until ${showMoment(end)} (${left} left)${why}.`),
      show(`It was ${showUse(lastUsed, now)}. "${lineOn(id, 'show')}" tells whether it is in use.`),
    )
    if (withAll) {
      const extend = lineOn(id, 'extend', '--expires 30d')
      lines.push(yellow('The new key ends then as well. To move that end:'), `  ${cyan(extend)}`)
    }
  }
  if (disabled !== null) {
    const enable = lineOn(id, 'enable')
    lines.push(yellow(show(`It is disabled: no key of it counts until "${enable}".`)))
  }
  return lines
}

function named(keys: readonly EndedKey[]): string {
  const numbers = keys.map(({ keyNumber }) => keyNumber)
  return numbers.length === 1 ? `key ${numbers[0]}` : `the keys ${numbers.join(' and ')}`
}

function cutOff(ended: readonly EndedKey[], now: Date): string {
  const lastUsed = ended.reduce<Date | null>((latest, { lastUsed: used }) => {
    return latest === null || (used !== null && used > latest) ? used : latest
  }, null)
  const subject = ended.length === 1 ? 'It was' : 'They were'
  const use = `${subject} ${showUse(lastUsed, now)}`
  if (lastUsed === null) return `${use}: nobody seems to be cut off.`
  return `${use} (${showMoment(lastUsed)}): whoever that was is cut off until they have the new key.`
}

/** A credential and its key, shown this once, or the file that holds it. */
export function newKeyLines(
  { key, ...credential }: NewCredential,
  save: string | null,
  now: Date,
  colors: Colors,
): string[] {
  const { bold, yellow } = colors
  if (save !== null) {
    const kept = `The key is in ${bold(plain(save))}, which only you can read.`
    return [...credentialLines(credential, now, colors), kept]
  }
  return [
    ...credentialLines(credential, now, colors, [['key', yellow(bold(key))]]),
    'The key is shown this once: keep it now.',
  ]
}

/** A request that was signed with a new key, and how to sign more. */
interface Trial {
  readonly id: string
  readonly save: string | null
  readonly url: string
  readonly curl: string
}

/** What to paste to try a new key. */
export function trialLines({ id, save, url, curl }: Trial, { cyan }: Colors): string[] {
  const signer = save === null ? `--id ${quote(id)}` : `--credentials ${quote(save)}`
  const advice = curlAdvice()
  return [
    'Try it, within five minutes. Pasted a second time it is refused, as a replay:',
    '',
    `  ${cyan(plain(curl))}`,
    '',
    ...(advice === null ? [] : [advice, '']),
    'Signed anew each time:',
    '',
    `  ${cyan(plain(pasted(`fetch ${signer} ${quote(url)}`)))}`,
  ]
}
