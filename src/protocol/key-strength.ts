/** How many bits a MAC key must be able to hold. */
export const LEAST_KEY_BITS = 128

/** What keys are written in, and how many characters each has: the first that a key fits counts. */
const ALPHABETS: readonly (readonly [RegExp, number])[] = [
  [/^[0-9]*$/, 10],
  [/^(?:[0-9a-f]*|[0-9A-F]*)$/, 16],
  [/^(?:[a-z2-7]*|[A-Z2-7]*)$/, 32],
  [/^(?:[0-9a-z]*|[0-9A-Z]*)$/, 36],
  [/^[A-Za-z0-9+/=_-]*$/, 64],
]
/** The characters of draft §3.1. */
const PLAIN_CHARACTERS = 93

/**
 * How many bits a key can hold at most, by its length and the characters that it is written in: 22 of
 * base64, 32 of hex, 39 digits or 20 of all that the draft allows make 128. A text that is repeated counts
 * once. A key that people thought out holds far less: that *cannot* be seen from the key.
 */
export function mostKeyBits(key: string): number {
  const part = key.slice(0, `${key}${key}`.indexOf(key, 1))
  const alphabet = ALPHABETS.find(([pattern]) => pattern.test(part))
  const characters = alphabet?.[1] ?? PLAIN_CHARACTERS
  return Math.floor(part.length * Math.log2(characters))
}

/** Whether a key can be guessed by trying, because it is too short. */
export function isShortKey(key: string): boolean {
  return mostKeyBits(key) < LEAST_KEY_BITS
}
