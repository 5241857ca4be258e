import type { KeySealer } from './key-sealer.ts'
import { sealerOf } from './sealer.ts'
import { readSealingKey } from './sealing-key.ts'

/**
 * Reads sealing keys. A text may hold several of them, with commas or white space between them.
 * @throws TypeError that says what is wrong, and shows nothing of a key.
 */
export function readSealer(value: unknown): KeySealer {
  const texts = Array.isArray(value) ? (value as readonly unknown[]) : [value]
  const keys = texts.flatMap((text) => {
    if (typeof text !== 'string') {
      throw new TypeError('must be a string, a list of strings, or a function that gives them')
    }
    const written = text.split(/[\s,]+/).filter((each) => each !== '')
    if (written.length === 0) throw new TypeError('holds no key, where one was to be')
    return written.map(readSealingKey)
  })
  if (keys.length === 0) throw new TypeError('is an empty list: null is for no sealing key')
  return sealerOf(keys)
}
