import type { Credential } from '../credentials/credential.ts'
import { pasted } from './called-as.ts'
import { quote } from './quote.ts'
import { showMoment, showSpan, showUse } from './terminal/moments.ts'
import { wrap } from './terminal/plain.ts'
import type { Terminal } from './terminal/terminal.ts'

/** A key that is refused since a rotation. */
export interface EndedKey {
  readonly keyNumber: number
  /** When it was last used; of the later of two, when either was. */
  readonly lastUsed: Date | null
}

/** The keys that counted before a rotation, and do not after it. */
export function endedKeys(before: Credential, after: Credential, now: Date): EndedKey[] {
  const { oldKey: earlier } = before
  const inGrace = earlier !== null && earlier.graceEnds > now ? [earlier] : []
  const ended = inGrace.map(({ keyNumber, lastUsed }) => ({ keyNumber, lastUsed }))
  if (after.oldKey !== null) return ended
  // The new key was not used yet: what is known is of those before it.
  return [...ended, { keyNumber: after.keyNumber - 1, lastUsed: after.lastUsed }]
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
      show(
        `It was ${showUse(lastUsed, now)}. "${pasted(`show ${quote(id)}`)}" tells whether it is in use.`,
      ),
    )
    if (withAll) {
      const extend = pasted(`extend ${quote(id)} --expires 30d`)
      lines.push(yellow('The new key ends then as well. To move that end:'), `  ${cyan(extend)}`)
    }
  }
  if (disabled !== null) {
    const enable = pasted(`enable ${quote(id)}`)
    lines.push(yellow(show(`It is disabled: no key of it counts until "${enable}".`)))
  }
  return lines
}

function named(keys: readonly EndedKey[]): string {
  const numbers = keys.map(({ keyNumber }) => keyNumber)
  return numbers.length === 1 ? `key ${numbers[0]}` : `the keys ${numbers.join(' and ')}`
}

function cutOff(ended: readonly EndedKey[], now: Date): string {
  const lastUsed = ended.at(-1)?.lastUsed ?? null
  const subject = ended.length === 1 ? 'It was' : 'They were'
  const use = `${subject} ${showUse(lastUsed, now)}`
  if (lastUsed === null) return `${use}: nobody seems to be cut off.`
  return `${use} (${showMoment(lastUsed)}): whoever that was is cut off until they have the new key.`
}
