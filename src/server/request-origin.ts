import { callSync } from '../callback.ts'
import { MacError } from '../errors.ts'
import type { CheckSettings, OriginRule, OriginSettings } from '../options.ts'
import { type ForwardedFamily, forwardedOrigin } from '../protocol/forwarded.ts'
import type { Authority } from '../protocol/host.ts'
import { chooseOrigin, type Origin, pinOrigin } from '../protocol/pinned-origin.ts'
import {
  checkNamedHost,
  checkUrlHost,
  checkUrlStart,
  requestAuthority,
  requestMethod,
  shownHosts,
} from '../protocol/request-head.ts'
import type { RequestElements } from '../protocol/signature.ts'
import { cutReceivedUrl, type UrlPieces } from '../protocol/url-pieces.ts'
import type { Incoming } from './incoming.ts'

/**
 * Returns what the client signed of the request line and its origin: method, target, host and port
 * (draft §3.2.1).
 *
 * @throws {@link MacError} if that is not certain.
 */
export function signedOrigin(
  incoming: Incoming,
  settings: OriginSettings & Pick<CheckSettings, 'needsClearPath'>,
): RequestElements {
  const { request } = incoming
  const url = cutReceivedUrl(request.url)
  const received = incoming.received()
  const source = settings.origin ?? settings.trustProxy
  // A single origin, a function and a proxy tell the host without the request's Host field.
  const hostIsSigned = source === null || (typeof source === 'object' && source.length > 1)
  if (received !== null && typeof received === 'object') {
    checkNamedHost(received.headers, url.scheme, hostIsSigned)
  }
  const { host, port } = signedAuthority(request, url, source)
  // If a function decides by the path, it must see the path that the server routes by. So the URL must not
  // start in a way that the client chose.
  checkUrlStart(url, settings.needsClearPath ? null : { host, port })
  const method = requestMethod(request)
  const target = incoming.hasOtherTarget ? incoming.target() : url.target
  return { method, target, host, port }
}

/**
 * Returns the origin that the client sent the request to, with its scheme. It does *not* look at the
 * request target.
 *
 * @throws {@link MacError} if that is not certain.
 */
export function spokenOrigin(request: Request, { origin, trustProxy }: OriginSettings): Origin {
  const url = cutReceivedUrl(request.url)
  const source = origin ?? trustProxy
  if (source !== null) return namedOrigin(request, url, source)
  return { scheme: url.scheme, ...requestAuthority(request, url) }
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
): Origin {
  const shown = shownHosts(request, url)
  if (typeof source === 'object') return chooseOrigin(request, url, source)
  const signed =
    typeof source === 'function'
      ? computedOrigin(request, source)
      : forwardedOrigin(request, url, source)
  checkUrlHost(shown, signed)
  return signed
}

function computedOrigin(request: Request, origin: (request: Request) => string | null): Origin {
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
