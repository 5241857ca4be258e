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
 * @returns It as it is written, also what is no address; `undefined` where there is none, or where the
 *   two fields tell different ones.
 */
export function forwardedFor(request: RequestHead, family: ForwardedFamily): string | undefined {
  const standard = family === 'x-forwarded' ? undefined : lastOfForwarded(request)
  const x = family === 'forwarded' ? undefined : lastOfX(request)
  if (standard === undefined || x === undefined) return standard ?? x
  return countedAddress(standard) === countedAddress(x) ? x : undefined
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
