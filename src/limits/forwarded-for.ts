import { MacError } from '../errors.ts'
import { type ForwardedFamily, forwardedElements } from '../protocol/forwarded.ts'
import type { RequestHead } from '../protocol/origin.ts'
import { countedAddress } from './address.ts'

/**
 * The address that the nearest proxy had a request from: what it wrote last into `Forwarded` (RFC 7239)
 * or `X-Forwarded-For`. All before that may have been sent by the client itself.
 *
 * Behind several proxies it is the address of the last but one of them. Read it only behind a proxy
 * that sets or removes each of the fields.
 *
 * @returns It as it is written, also what is no address; `undefined` where there is none.
 * @throws {@link MacError} `ERR_MAC_FORWARDED` where the two fields tell different ones: one of them is the
 *   client's own, who would be counted nowhere.
 */
export function forwardedFor(request: RequestHead, family: ForwardedFamily): string | undefined {
  const standard = family === 'x-forwarded' ? undefined : lastOfForwarded(request)
  const x = family === 'forwarded' ? undefined : lastOfX(request)
  if (standard === undefined || x === undefined) return standard ?? x
  if (countedAddress(standard) === countedAddress(x)) return x
  throw new MacError(
    'ERR_MAC_FORWARDED',
    'Forwarded and X-Forwarded-For tell two different addresses: the proxy must set or remove both, or ' +
      "trustProxy name the one that it sets: 'forwarded' or 'x-forwarded'.",
  )
}

function lastOfForwarded(request: RequestHead): string | undefined {
  try {
    return forwardedElements(request).at(-1)?.get('for')
  } catch {
    return undefined
  }
}

function lastOfX(request: RequestHead): string | undefined {
  return request.headers.get('x-forwarded-for')?.split(',').at(-1)
}
