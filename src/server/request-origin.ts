import { callSync } from '../callback.ts'
import { MacError } from '../errors.ts'
import type { CheckSettings, OriginRule, OriginSettings } from '../options.ts'
import { type ForwardedFamily, forwardedOrigin } from '../protocol/forwarded.ts'
import type { Authority } from '../protocol/host.ts'
import {
  checkNamedHost,
  checkReceivedTarget,
  checkUrlHost,
  checkUrlStart,
  chooseOrigin,
  cutReceivedUrl,
  type PinnedOrigin,
  pinOrigin,
  type RequestOrigin,
  requestAuthority,
  requestMethod,
  shownHosts,
  type UrlPieces,
} from '../protocol/origin.ts'
import type { NodeRequest } from '../types.ts'

/** Returns the request target as it was received, or node:http's request; `undefined` if neither is known. */
export type ReceivedTarget = () => string | NodeRequest | undefined

/**
 * Returns what the client signed of the request line and its origin: method, target, host and port
 * (draft §3.2.1).
 *
 * @throws {@link MacError} if that is not certain.
 */
export function signedOrigin(
  request: Request,
  settings: OriginSettings & Pick<CheckSettings, 'readsTarget'>,
  receivedTarget: ReceivedTarget | null,
): RequestOrigin {
  const url = cutReceivedUrl(request.url)
  const received = askReceivedTarget(receivedTarget)
  const source = settings.origin ?? settings.trustProxy
  // A single origin, a function and a proxy tell the host without the request's Host field.
  const hostIsSigned = source === null || (typeof source === 'object' && source.length > 1)
  if (typeof received === 'object') checkNamedHost(received.headers, url.scheme, hostIsSigned)
  const { host, port } = signedAuthority(request, url, source)
  // A function that looks at the path must see the one that is routed by, so the URL may not differ.
  checkUrlStart(url, settings.readsTarget ? null : { host, port })
  return { method: requestMethod(request), target: targetOf(received, url), host, port }
}

/**
 * Returns the origin that the client sent the request to, with its scheme. It does *not* look at the
 * request target.
 *
 * @throws {@link MacError} if that is not certain.
 */
export function spokenOrigin(
  request: Request,
  { origin, trustProxy }: OriginSettings,
): PinnedOrigin {
  const url = cutReceivedUrl(request.url)
  const source = origin ?? trustProxy
  if (source !== null) return namedOrigin(request, url, source)
  return { scheme: url.scheme, ...requestAuthority(request, url) }
}

/**
 * Calls the function given as `requestTarget`.
 *
 * @throws {@link MacError} `ERR_MAC_CALLBACK` if it fails, or returns something else.
 */
export function askReceivedTarget(
  receivedTarget: ReceivedTarget | null,
): string | NodeRequest | undefined {
  if (receivedTarget === null) return undefined
  return callSync('requestTarget', receivedTarget, (received) => {
    if (received === undefined || typeof received === 'string' || isNodeRequest(received)) {
      return received
    }
    throw new TypeError("it must give a string, node:http's request, or undefined")
  })
}

/** Returns the target that was signed: the received one if it is known, otherwise that of the URL. */
export function targetOf(received: string | NodeRequest | undefined, url: UrlPieces): string {
  if (received === undefined) return url.target
  return checkReceivedTarget(typeof received === 'string' ? received : (received.url ?? ''))
}

/** By its shape: HTTP/1 and HTTP/2 have classes of their own, and headers without a prototype. */
function isNodeRequest(value: unknown): value is NodeRequest {
  const shape = value as Partial<NodeRequest> | null
  if (typeof shape?.url !== 'string') return false
  return typeof shape.headers === 'object' && shape.headers !== null
}

function signedAuthority(
  request: Request,
  url: UrlPieces,
  source: OriginRule | ForwardedFamily | null,
): Authority {
  return source === null ? requestAuthority(request, url) : namedOrigin(request, url, source)
}

/** Returns the origin that an option or a proxy names, instead of the request line and `Host`. */
function namedOrigin(
  request: Request,
  url: UrlPieces,
  source: OriginRule | ForwardedFamily,
): PinnedOrigin {
  const shown = shownHosts(request, url)
  if (typeof source === 'object') return chooseOrigin(request, url, source)
  const signed =
    typeof source === 'function'
      ? computedOrigin(request, source)
      : forwardedOrigin(request, url, source)
  checkUrlHost(shown, signed)
  return signed
}

function computedOrigin(
  request: Request,
  origin: (request: Request) => string | null,
): PinnedOrigin {
  const pinned = callSync(
    'origin',
    () => origin(request),
    (computed) => (computed === null ? null : pinOrigin(computed)),
  )
  if (pinned !== null) return pinned
  throw new MacError(
    'ERR_MAC_ORIGIN',
    'The function given as origin returned null: it knows no origin for the request.',
  )
}
