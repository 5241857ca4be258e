import type { Credential } from '../credentials/credential.ts'
import type { Colors } from './terminal/colors.ts'
import { fieldLines } from './terminal/fields.ts'
import { showMoment, showSpan } from './terminal/moments.ts'
import { plain } from './terminal/plain.ts'

export type Standing = 'valid' | 'expired' | 'revoked'

/** What a credential is worth at a moment. A revoked one stays that, also when it has expired. */
export function standingOf({ revoked, expires }: Credential, now: Date): Standing {
  if (revoked !== null) return 'revoked'
  return expires !== null && expires <= now ? 'expired' : 'valid'
}

/** A credential as `--json` prints it: the library's names, and what it is worth. */
export function credentialJson(credential: Credential, now: Date): object {
  return { ...credential, standing: standingOf(credential, now) }
}

/** What a credential is worth, and since when or until when. */
export function standingText(credential: Credential, now: Date): string {
  const { revoked, expires } = credential
  if (revoked !== null) return `revoked ${showMoment(revoked)}`
  if (expires === null) return 'valid, never expires'
  const span = showSpan((expires.getTime() - now.getTime()) / 1000)
  return expires <= now ? `expired ${showMoment(expires)}` : `valid, ${span} left`
}

/** The colour that says it at a glance. */
export function standingColor(
  credential: Credential,
  now: Date,
  colors: Colors,
): (text: string) => string {
  const standing = standingOf(credential, now)
  if (standing === 'valid') return colors.green
  return standing === 'revoked' ? colors.red : colors.yellow
}

/** All of a credential but its key. */
export function credentialLines(credential: Credential, now: Date, colors: Colors): string[] {
  const { id, user, algorithm, label, created, expires, clockOffsetSeconds } = credential
  const standing = standingColor(credential, now, colors)(standingText(credential, now))
  return fieldLines(
    [
      ['id', plain(id)],
      ['user', plain(user)],
      ['label', label === null ? null : plain(label)],
      ['standing', standing],
      ['created', showMoment(created)],
      ['expires', expires === null ? 'never' : showMoment(expires)],
      ['algorithm', algorithm],
      ['clock', clockOffsetSeconds === null ? null : clockText(clockOffsetSeconds)],
    ],
    colors,
  )
}

/** What was learned is what must be added to the client's time. */
function clockText(offset: number): string {
  if (offset === 0) return "the client's clock agrees with the server's"
  const direction = offset > 0 ? 'behind' : 'ahead of'
  return `the client's clock is ${showSpan(offset)} ${direction} the server's`
}
