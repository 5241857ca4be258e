import { MacError } from '../errors.ts'
import { COMMON_METHODS } from '../protocol/origin.ts'

/** What the Fetch standard writes in upper case, and nothing else. */
const UPPER_CASED = /^(?:delete|get|head|options|post|put)$/i
/** What the Fetch standard forbids. */
const FORBIDDEN = /^(?:connect|trace|track)$/i
/** A token (RFC 9110 §9.1) without lower-case letters, no longer than withmac reads. */
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Z-]{1,64}$/

/**
 * The method that the `fetch` of this runtime sends: `POST` of `post`.
 *
 * @throws {@link MacError} `ERR_MAC_CLIENT_METHOD` for what is no method or is not allowed, for one
 *   that this runtime would change into another, as Bun does with those it does not know, and for one
 *   in lower case that would be sent so: the MAC covers it in upper case, and most servers refuse it.
 */
export function wireMethod(method: string): string {
  if (COMMON_METHODS.has(method)) return method
  if (FORBIDDEN.test(method)) {
    throw wrongMethod(`fetch does not send the method ${method.toUpperCase()}.`)
  }
  const upper = methodToSign(method)
  const { method: sent } = new Request('http://localhost/', { method: upper })
  if (sent === upper) return upper
  throw wrongMethod(
    `This runtime knows no method ${upper}, and would send ${sent}: send the request by other means, ` +
      'with signHeaders and a target.',
  )
}

/** The same for what other means than `fetch` send. */
export function methodToSign(method: string): string {
  if (UPPER_CASED.test(method)) return method.toUpperCase()
  if (METHOD.test(method)) return method
  const upper = String(method).toUpperCase()
  if (!METHOD.test(upper)) {
    throw wrongMethod(`${JSON.stringify(method)} is no method: a token of 64 characters or fewer.`)
  }
  throw wrongMethod(
    `Most runtimes send the method ${method} as it is spelled, most servers refuse it, and the MAC ` +
      `covers it in upper case: write ${upper}.`,
  )
}

function wrongMethod(message: string): MacError {
  return new MacError('ERR_MAC_CLIENT_METHOD', message)
}
