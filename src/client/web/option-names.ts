import { CLIENT_OPTIONS, type ClientTaker } from '../../client-option-names.ts'

// Checks options as `option-names.ts` on servers does, but does not guess what a wrong name was meant to be.

export type Taker = ClientTaker
export const OPTIONS: typeof CLIENT_OPTIONS = CLIENT_OPTIONS

/** Returns a clause for each name that is not known, or one if the options are not an object. */
export function nameFaults(
  who: Taker,
  options: unknown,
  known: readonly string[] = OPTIONS[who],
  expected = 'an object of options',
): readonly string[] {
  if (!/^\[object (?:Object|Module)\]$/.test(Object.prototype.toString.call(options))) {
    return [`must be ${expected}, not ${given(options)}`]
  }
  return Object.keys(options as object)
    .filter((name) => !known.includes(name))
    .map((name) => `there is no option ${name}: there are ${known.join(', ')}`)
}

/** Describes a value. @param isSecret If `true`, only its kind is described. */
export function given(value: unknown, isSecret = false): string {
  const kind = typeof value
  if (value == null || (!isSecret && /boolean|number/.test(kind))) return String(value)
  return kind === 'string' && !isSecret ? JSON.stringify(value) : `a value of type ${kind}`
}

/** Returns the name that begins in the same way; `null` if there is none. */
export function nearest(name: string, known: readonly string[]): string | null {
  return known.find((each) => each.slice(0, 4) === name.slice(0, 4).toLowerCase()) ?? null
}
