import { before } from '../../deadline.ts'
import { MacError } from '../../errors.ts'
import { closedError } from '../guard.ts'
import type { KeySealer } from './key-sealer.ts'
import { readSealer } from './read-sealer.ts'

/** How long a function may take to give sealing keys, in milliseconds. Requests wait for it. */
const DEADLINE = 10_000
/** For how long what came of it holds, in milliseconds. */
const PAUSE = 1000

/**
 * Sealing keys from a function of the caller's. What came of it, keys or a failure, holds for a moment:
 * where the database cannot be opened each request tries to, and anybody can send requests, which are not
 * to become as many calls of a KMS.
 *
 * @param deadline How long the function may take, in milliseconds.
 */
export function askedSealer(
  give: () => unknown,
  deadline: number = DEADLINE,
): (closed: Promise<unknown>) => Promise<KeySealer> {
  let last: Promise<KeySealer> | null = null
  let endedAt = 0
  return (closed) => {
    const since = Date.now() - endedAt
    // A clock that was set back must not make a moment an hour.
    if (last !== null && since >= 0 && since < PAUSE) return last
    last = ask(give, deadline, closed).finally(() => {
      endedAt = Date.now()
    })
    return last
  }
}

/** A function that never answers keeps nobody: neither requests, nor whoever closes the Mac. */
function ask(give: () => unknown, deadline: number, closed: Promise<unknown>): Promise<KeySealer> {
  const givenUp = closed.then(() => {
    throw closedError()
  })
  return before(deadline, Promise.race([given(give), givenUp]), () => {
    const rule = `The function given as sealingKey did not answer within ${deadline / 1000} seconds.`
    return new MacError('ERR_MAC_CALLBACK', rule)
  })
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
