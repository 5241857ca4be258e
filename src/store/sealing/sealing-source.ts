import { isReadable } from '../../environment.ts'
import { askedSealer } from './asked-sealer.ts'
import { type KeySealer, UNSEALED } from './key-sealer.ts'
import { readSealer } from './read-sealer.ts'

/**
 * Where sealing keys come from; it is asked when the database is opened. When `closed` settles, nobody
 * wants them any more.
 */
export type SealerSource = (closed: Promise<unknown>) => KeySealer | Promise<KeySealer>

const VARIABLE = 'MAC_SEALING_KEY'

/**
 * Reads the option `sealingKey`.
 * @throws TypeError that says what is wrong, and shows nothing of a key.
 */
export function sealerSource(value: unknown): SealerSource {
  if (typeof value === 'function') return askedSealer(value as () => unknown)
  const sealer = value === null ? UNSEALED : readSealer(value)
  return () => sealer
}

/**
 * What `MAC_SEALING_KEY` gives; where it is not set, or Deno was not given the permission to read it,
 * keys are neither sealed nor opened. A database with sealed keys is then refused.
 *
 * @throws TypeError that says what is wrong with it, also where it is empty.
 */
export function environmentSealer(): KeySealer {
  const text = isReadable(VARIABLE) ? process.env[VARIABLE] : undefined
  if (text === undefined) return UNSEALED
  // Where a secret was to be put in and was not, keys must not be written as they are without a word.
  if (text.trim() === '') {
    throw new TypeError(
      `withmac: ${VARIABLE} is set, and empty: set it to a sealing key, or unset it to work unsealed. ` +
        'openssl rand -base64 32 makes one.',
    )
  }
  try {
    return readSealer(text)
  } catch (cause) {
    throw new TypeError(`withmac: ${VARIABLE}: ${(cause as Error).message}`)
  }
}
