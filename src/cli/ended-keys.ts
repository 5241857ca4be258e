import type { Credential } from '../credentials/credential.ts'
import type { CredentialEvent } from '../credentials/history.ts'
import { lineOn } from './quote.ts'
import { showMoment, showSpan, showUse } from './terminal/moments.ts'
import type { Terminal } from './terminal/terminal.ts'
import { wrap } from './terminal/width.ts'

/** A key that is refused since a rotation. */
export interface EndedKey {
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
