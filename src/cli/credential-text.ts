import type { CredentialEvent } from '../credentials/change.ts'
import type { Credential, NewCredential } from '../credentials/credential.ts'
import { showAgo, showMoment, showShortSpan, showSpan, showUse } from '../moments.ts'
import { plain } from '../protocol/terminal-text.ts'
import type { AuditAction, RateLimit } from '../types.ts'
import { curlAdvice } from './curl.ts'
import { lineOn, pasted, quote } from './help.ts'
import type { Terminal } from './terminal/terminal.ts'
import { type Colors, type Field, fieldLines, wrap } from './terminal/text.ts'

export type Status = 'valid' | 'expired' | 'disabled' | 'revoked'

/** Returns the status of a credential. Revoked wins over disabled, and disabled over expired. */
export function statusOf({ revoked, disabled, expires }: Credential, now: Date): Status {
  if (revoked !== null) return 'revoked'
  if (disabled !== null) return 'disabled'
  return expires !== null && expires <= now ? 'expired' : 'valid'
}

/** A credential as `--json` prints it: the library's fields, and `status`. */
export function credentialJson(credential: Credential, now: Date): object {
  return { ...credential, status: statusOf(credential, now) }
}

/** `1 credential`, `2 credentials`. */
export function manyCredentials(count: number): string {
  return count === 1 ? '1 credential' : `${count} credentials`
}

/** The status in words, with the time since when or until when. */
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

/** Like {@link statusText}, but short, for tables. */
export function shortStatus(credential: Credential, now: Date): string {
  const status = statusOf(credential, now)
  const { revoked, disabled, expires } = credential
  const since = revoked ?? disabled ?? expires
  if (since === null) return 'valid forever'
  const span = showShortSpan(secondsTo(since, now))
  return status === 'valid' ? `valid, ${span} left` : `${status} ${span} ago`
}

/** The color of the status. */
export function statusColor(
  credential: Credential,
  now: Date,
  colors: Colors,
): (text: string) => string {
  const status = statusOf(credential, now)
  if (status === 'valid') return colors.green
  return status === 'expired' ? colors.yellow : colors.red
}

/** The lines that show a credential without its key and its use, and the fields of `more`. */
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

const NEVER = 'never, as far as withmac knows'

/** The fields that say which keys a credential has, and when they were last used. */
export function useFields(credential: Credential, now: Date, { yellow }: Colors): Field[] {
  const { keyNumber, rotated, oldKey, lastUsed, failures } = credential
  const rejected = `${failures} rejected requests in the last 24 hours (anyone who knows the id can cause them)`
  return [
    [
      'key number',
      rotated === null ? `${keyNumber}` : `${keyNumber}, since ${showMoment(rotated)}`,
    ],
    ['old key', oldKey === null ? null : oldKeyText(oldKey, now)],
    ['last used', lastUsed === null ? NEVER : `${showMoment(lastUsed)}, ${showAgo(lastUsed, now)}`],
    ['failures', failures === 0 ? null : yellow(rejected)],
  ]
}

/** Until when the old key is valid, and when it was last used. */
function oldKeyText(
  { keyNumber, graceEnds, lastUsed }: NonNullable<Credential['oldKey']>,
  now: Date,
): string {
  const end = showMoment(graceEnds)
  if (graceEnds <= now) return `${keyNumber}, rejected since ${end}, ${showUse(lastUsed, now)}`
  const left = showSpan(secondsTo(graceEnds, now))
  return `${keyNumber}, valid until ${end} (${left} left), ${showUse(lastUsed, now)}`
}

/** The expiry time, or `never`. */
export function showExpiry(expires: Date | null): string {
  return expires === null ? 'never' : showMoment(expires)
}

/** Scopes separated by spaces, as in OAuth, or `none`. */
export function showScopes(scopes: readonly string[]): string {
  return scopes.length === 0 ? 'none' : plain(scopes.join(' '))
}

/** The credential's own rate limit in words, or that the server's limit applies. */
export function showRateLimit(limit: RateLimit | null): string {
  if (limit === null) return 'as the server sets it'
  const requests = limit.requests === 1 ? '1 request' : `${limit.requests} requests`
  return `${requests} in ${wholeSpan(limit.seconds)}`
}

/** An exact duration: `1 minute`, `90 seconds`. */
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

/** @param offset Seconds to add to the client's time, as the server learned them. */
function clockText(offset: number): string {
  if (offset === 0) return "the client's clock agrees with the server's"
  const direction = offset > 0 ? 'behind' : 'ahead of'
  return `the client's clock is ${showSpan(offset)} ${direction} the server's`
}

function secondsTo(moment: Date, now: Date): number {
  return (moment.getTime() - now.getTime()) / 1000
}

type Detail = CredentialEvent['detail']

/** The details of an event in words. */
export function eventText({ action, detail, at }: CredentialEvent): string {
  return (EVENT_TEXTS[action] ?? JSON.stringify)(detail, at)
}

const EVENT_TEXTS: Readonly<Record<AuditAction, (detail: Detail, at: Date) => string>> = {
  created: () => '',
  rotated: ({ keyNumber, graceEnds, oldKeyLastUsed, expires }) => {
    const old = `key ${Number(keyNumber) - 1}`
    const until = graceEnds === null ? 'rejected at once' : `valid until ${momentOf(graceEnds)}`
    const used = useOf(oldKeyLastUsed ?? null)
    return `new key ${keyNumber}; ${old} ${until}, ${used}; expires ${expiryOf(expires)}`
  },
  retired: ({ keyNumber, lastUsed, endedEarly }) =>
    `key ${keyNumber} ${endedEarly === true ? 'ended by the rotation' : 'removed after its grace'}; ${useOf(lastUsed)}`,
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

/** One text per changed field, with the value before. */
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
  return lastUsed === null ? 'never known to be used' : `last used ${momentOf(lastUsed)}`
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

/** A key that a rotation ended. */
interface EndedKey {
  readonly keyNumber: number
  /** When it was last used. */
  readonly lastUsed: Date | null
}

/**
 * Returns the keys that were valid before a rotation and are not valid after it.
 * @param history The credential's history, including this rotation. It has the last use of each key. If it
 *   is empty, the last use of the credential is taken for each key.
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

/** Explains what a rotation means for clients that have an earlier key. */
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
    lines.push(red(bold(show(`From now on, every request with ${named(ended)} is rejected.`))))
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
      show(
        `It was ${showUse(lastUsed, now)}. To see whether it is still in use: "${lineOn(id, 'show')}".`,
      ),
    )
    if (withAll) {
      const extend = lineOn(id, 'extend', '--expires 30d')
      lines.push(yellow('The new key expires then, too. To extend it:'), `  ${cyan(extend)}`)
    }
  }
  if (disabled !== null) {
    const enable = lineOn(id, 'enable')
    lines.push(yellow(show(`The credential is disabled. Before it can be used: "${enable}".`)))
  }
  return lines
}

function named(keys: readonly EndedKey[]): string {
  const numbers = keys.map(({ keyNumber }) => keyNumber)
  return numbers.length === 1 ? `key ${numbers[0]}` : `keys ${numbers.join(' and ')}`
}

function cutOff(ended: readonly EndedKey[], now: Date): string {
  const lastUsed = ended.reduce<Date | null>((latest, { lastUsed: used }) => {
    return latest === null || (used !== null && used > latest) ? used : latest
  }, null)
  const subject = ended.length === 1 ? 'It was' : 'They were'
  const use = `${subject} ${showUse(lastUsed, now)}`
  if (lastUsed === null) return `${use}: probably no client is affected.`
  return `${use} (${showMoment(lastUsed)}): that client is rejected until it has the new key.`
}

/** The lines that show a new credential with its key, or with the file that contains the key. */
export function newKeyLines(
  { key, ...credential }: NewCredential,
  save: string | null,
  now: Date,
  colors: Colors,
): string[] {
  const { bold, yellow } = colors
  if (save !== null) {
    const kept = `The key is in ${bold(plain(save))}. Only you can read that file.`
    return [...credentialLines(credential, now, colors), kept]
  }
  return [
    ...credentialLines(credential, now, colors, [['key', yellow(bold(key))]]),
    'This is the only time the key is shown: save it now.',
  ]
}

/** A request that was signed with a new key. */
interface Trial {
  readonly id: string
  readonly save: string | null
  readonly url: string
  readonly curl: string
}

/** The commands to try a new key with. */
export function trialLines({ id, save, url, curl }: Trial, { cyan }: Colors): string[] {
  const signer = save === null ? `--id ${quote(id)}` : `--credentials ${quote(save)}`
  const advice = curlAdvice()
  return [
    'Try it within five minutes. It works once; the second time it is rejected as a replay:',
    '',
    `  ${cyan(plain(curl))}`,
    '',
    ...(advice === null ? [] : [advice, '']),
    'To sign and send a new request each time:',
    '',
    `  ${cyan(plain(pasted(`fetch ${signer} ${quote(url)}`)))}`,
  ]
}
