import { before } from '../../deadline.ts'
import { isReadable } from '../../environment.ts'
import { MacError } from '../../errors.ts'
import { closedError } from '../guard.ts'
import { type KeySealer, readSealer, UNSEALED } from './sealer.ts'

/**
 * Returns the sealer. It is called when the database is opened. `closed` settles if the Mac is closed
 * meanwhile, so that the sealer is no longer needed.
 */
export type SealerSource = (closed: Promise<unknown>) => KeySealer | Promise<KeySealer>

const VARIABLE = 'MAC_SEALING_KEY'
/** How long the function sealingKey may take. Requests wait for it. */
const DEADLINE_MS = 10_000
/** How long the result of the function is reused. */
const REUSE_MS = 1000

/**
 * Reads the option `sealingKey`.
 * @throws TypeError that says what is wrong, and shows no part of a key.
 */
export function sealerSource(value: unknown): SealerSource {
  if (typeof value === 'function') return askedSealer(value as () => unknown)
  const sealer = value === null ? UNSEALED : readSealer(value)
  return () => sealer
}

/**
 * Returns the sealer for `MAC_SEALING_KEY`. If the variable is not set, or Deno has no permission to read it,
 * keys are not sealed, and a database with sealed keys cannot be opened.
 *
 * @throws TypeError if the variable is not valid, or is empty.
 */
export function environmentSealer(): KeySealer {
  const text = isReadable(VARIABLE) ? process.env[VARIABLE] : undefined
  if (text === undefined) return UNSEALED
  // Probably a secret is missing in the deployment. Without this error, keys would silently not be sealed.
  if (text.trim() === '') {
    throw new TypeError(
      `withmac: ${VARIABLE} is set, but empty. Set it to a sealing key, or unset it if keys are not to be ` +
        'sealed. To create one: openssl rand -base64 32',
    )
  }
  try {
    return readSealer(text)
  } catch (cause) {
    throw new TypeError(`withmac: ${VARIABLE}: ${(cause as Error).message}`)
  }
}

/**
 * Returns a source that calls the function `sealingKey`. Its result, keys or a failure, is reused for a
 * second: while the database cannot be opened, each request tries again, and an attacker must not be able to
 * cause as many calls of a KMS. If the function never returns, neither requests nor `close` wait forever.
 *
 * @param deadline How long the function may take, in milliseconds.
 */
export function askedSealer(
  give: () => unknown,
  deadline: number = DEADLINE_MS,
): (closed: Promise<unknown>) => Promise<KeySealer> {
  let last: Promise<KeySealer> | null = null
  let endedAt = 0
  const late = () => {
    const rule = `The function given as sealingKey did not answer within ${deadline / 1000} seconds.`
    return new MacError('ERR_MAC_CALLBACK', rule)
  }
  return (closed) => {
    const since = Date.now() - endedAt
    // since < 0 if the clock was set back. Then the result must not be reused for longer.
    if (last !== null && since >= 0 && since < REUSE_MS) return last
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
    const message = `The function sealingKey returned no sealing key: ${why}`
    throw new MacError('ERR_MAC_CALLBACK', message, { cause })
  }
}
