import { before } from '../../deadline.ts'
import { isReadable } from '../../environment.ts'
import { MacError } from '../../errors.ts'
import { closedError } from '../guard.ts'
import { type KeySealer, readSealer, UNSEALED } from './sealer.ts'

/**
 * Where sealing keys come from; it is asked when the database is opened. When `closed` settles, nobody
 * wants them any more.
 */
export type SealerSource = (closed: Promise<unknown>) => KeySealer | Promise<KeySealer>

const VARIABLE = 'MAC_SEALING_KEY'
/** How long a function may take to give sealing keys, in milliseconds. Requests wait for it. */
const DEADLINE = 10_000
/** For how long what came of it holds, in milliseconds. */
const PAUSE = 1000

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
 * What `MAC_SEALING_KEY` gives; if it is not set, or Deno was not given the permission to read it,
 * keys are neither sealed nor opened. A database with sealed keys is then refused.
 *
 * @throws TypeError that says what is wrong with it, also if it is empty.
 */
export function environmentSealer(): KeySealer {
  const text = isReadable(VARIABLE) ? process.env[VARIABLE] : undefined
  if (text === undefined) return UNSEALED
  // If a secret was to be put in and was not, keys must not be written as they are without a word.
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

/**
 * Sealing keys from a function of the caller's. What came of it, keys or a failure, holds for a moment:
 * while the database cannot be opened each request tries to, and anybody can send requests, which are not
 * to become as many calls of a KMS. A function that never answers keeps nobody: neither requests, nor
 * whoever closes the Mac.
 *
 * @param deadline How long the function may take, in milliseconds.
 */
export function askedSealer(
  give: () => unknown,
  deadline: number = DEADLINE,
): (closed: Promise<unknown>) => Promise<KeySealer> {
  let last: Promise<KeySealer> | null = null
  let endedAt = 0
  const late = () => {
    const rule = `The function given as sealingKey did not answer within ${deadline / 1000} seconds.`
    return new MacError('ERR_MAC_CALLBACK', rule)
  }
  return (closed) => {
    const since = Date.now() - endedAt
    // A clock that was set back must not make a moment an hour.
    if (last !== null && since >= 0 && since < PAUSE) return last
    const givenUp = closed.then(() => Promise.reject(closedError()))
    last = before(deadline, Promise.race([given(give), givenUp]), late).finally(() => {
      endedAt = Date.now()
    })
    return last
  }
}

async function given(give: () => unknown): Promise<KeySealer> {
  try {
    return readSealer(await give())
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `The function sealingKey gave no sealing key: ${why}`
    throw new MacError('ERR_MAC_CALLBACK', message, { cause })
  }
}
