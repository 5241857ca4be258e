import { MacError } from '../../errors.ts'
import type { KeySealer } from './key-sealer.ts'
import { UNSEALED } from './key-sealer.ts'
import { sealerOf } from './sealer.ts'
import { readSealingKey } from './sealing-key.ts'

/** Where sealing keys come from; it is asked when the database is opened. */
export type SealerSource = () => KeySealer | Promise<KeySealer>

const VARIABLE = 'MAC_SEALING_KEY'

/**
 * Reads the option `sealingKey`.
 * @throws TypeError that says what is wrong, and shows nothing of a key.
 */
export function sealerSource(value: unknown): SealerSource {
  if (typeof value === 'function') return () => asked(value as () => unknown)
  const sealer = value === null ? UNSEALED : readSealer(value)
  return () => sealer
}

/**
 * What `MAC_SEALING_KEY` gives; where it is not set, or Deno was not given the permission to read it,
 * keys are neither sealed nor opened. A database with sealed keys is then refused.
 *
 * @throws TypeError that says what is wrong with it.
 */
export function environmentSealer(): KeySealer {
  const text = isReadable(VARIABLE) ? process.env[VARIABLE] : undefined
  if (text === undefined || text === '') return UNSEALED
  try {
    return readSealer(text)
  } catch (cause) {
    throw new TypeError(`withmac: ${VARIABLE}: ${(cause as Error).message}`)
  }
}

/** A text may hold several keys, with commas or white space between them. */
function readSealer(value: unknown): KeySealer {
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

/** Asks a function of the caller's. */
async function asked(give: () => unknown): Promise<KeySealer> {
  try {
    return readSealer(await give())
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `The function sealingKey gave no sealing key: ${why}`
    throw new MacError('ERR_MAC_CALLBACK', message, { cause })
  }
}

/** Deno asks the user, or throws, where a variable is read without the permission. */
function isReadable(variable: string): boolean {
  const { Deno } = globalThis as { Deno?: DenoPermissions }
  const state = Deno?.permissions.querySync({ name: 'env', variable }).state
  return state === undefined || state === 'granted'
}

interface DenoPermissions {
  readonly permissions: {
    querySync(descriptor: { name: 'env'; variable: string }): { readonly state: string }
  }
}
