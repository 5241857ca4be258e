import { AsyncLocalStorage } from 'node:async_hooks'

/** A call of a handler. */
export interface HandlerCall {
  /**
   * The request that was verified for it; `null` once the handler has returned. What the handler has started, such as a
   * timer or a connection, keeps this object, but must not keep the request with its body.
   */
  request: Request | null
}

const calls = new AsyncLocalStorage<HandlerCall>()

/**
 * Calls a handler so that {@link originalOf} finds its request until `running.request` is `null`. That makes promises
 * slower, on Node before 24 those of the whole process. So it is only for applications of frameworks, which replace
 * requests by copies.
 */
export function callWithin<Result>(running: HandlerCall, call: () => Result): Result {
  return calls.run(running, call)
}

/**
 * Returns the request that was verified for the handler's call that is running, if the given one is a copy of it: with
 * the same method, URL and `Authorization`. Otherwise it returns `null`.
 *
 * A copy is found by the call in which it is asked for, never by its fields: an attacker can send a replay with the same
 * fields at the same time, but that has a call of its own.
 */
export function originalOf(copy: Request): Request | null {
  const request = calls.getStore()?.request ?? null
  if (request === null) return null
  try {
    const isCopy =
      copy.url === request.url &&
      copy.method === request.method &&
      copy.headers.get('authorization') === request.headers.get('authorization')
    return isCopy ? request : null
  } catch {
    return null
  }
}
