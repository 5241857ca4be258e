import type { Credential } from '../credentials/credential.ts'
import { plain } from '../protocol/plain-text.ts'
import type { RateLimit } from '../store/types.ts'
import type { Colors } from './terminal/colors.ts'
import { type Field, fieldLines } from './terminal/fields.ts'
import { showAgo, showMoment, showShortSpan, showSpan, showUse } from './terminal/moments.ts'

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
