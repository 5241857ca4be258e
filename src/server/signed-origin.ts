import { MacError } from '../errors.ts'
import { type ForwardedFamily, forwardedOrigin } from '../protocol/forwarded.ts'
import type { Authority } from '../protocol/host.ts'
import {
  checkUrlHost,
  checkUrlStart,
  chooseOrigin,
  cutReceivedUrl,
  type PinnedOrigin,
  pinOrigin,
  pinOrigins,
  type RequestOrigin,
  requestAuthority,
  requestMethod,
  shownHosts,
  type UrlPieces,
} from '../protocol/origin.ts'
import type { CheckSettings } from '../settings.ts'
import { askRawTarget, atOnce, checkHostOf, type RawTarget, targetOf } from './raw-target.ts'

/** Where the signed origin comes from, when it is not the request itself. */
export type OriginRule = readonly PinnedOrigin[] | ((request: Request) => string | null)

/**
 * Reads the option `origin`.
 * @throws TypeError where it names no origin.
 */
export function originRule(option: unknown): OriginRule {
  return typeof option === 'function'
    ? (option as (request: Request) => string | null)
    : pinOrigins(option)
}

/** How to find out what origin was signed. */
export interface OriginSettings {
  readonly origin: OriginRule | null
  readonly trustProxy: ForwardedFamily | null
}

/**
 * What the client signed of the request line and its origin.
 *
 * @throws {@link MacError} where that cannot be told for certain.
 */
export function signedOrigin(
  request: Request,
  settings: OriginSettings & Pick<CheckSettings, 'readsTarget'>,
  rawTarget: RawTarget | null,
): RequestOrigin {
  const url = cutReceivedUrl(request.url)
  const raw = askRawTarget(rawTarget)
  const source = settings.origin ?? settings.trustProxy
  // A single pinned origin, a function and a proxy know the host by themselves.
  checkHostOf(raw, url, source === null || (typeof source === 'object' && source.length > 1))
  const { host, port } = signedAuthority(request, url, source)
  // A function that looks at the path must see the one that is routed by, whatever the signer likes.
  checkUrlStart(url, settings.readsTarget ? null : { host, port })
  return { method: requestMethod(request), target: targetOf(raw, url), host, port }
}

function signedAuthority(
  request: Request,
  url: UrlPieces,
  source: OriginRule | ForwardedFamily | null,
): Authority {
  return source === null ? requestAuthority(request, url) : namedOrigin(request, url, source)
}

/**
 * The origin that the client spoke to, with its scheme.
 *
 * @throws {@link MacError} where that cannot be told for certain.
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

/** What comes from elsewhere than from the request line and `Host`. */
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
  let pinned: PinnedOrigin | null
  try {
    const computed = atOnce(origin(request))
    pinned = computed === null ? null : pinOrigin(computed)
  } catch (cause) {
    throw new MacError('ERR_MAC_CALLBACK', 'The function given as origin failed.', { cause })
  }
  if (pinned !== null) return pinned
  throw new MacError(
    'ERR_MAC_ORIGIN',
    'The function given as origin knows no origin for the request.',
  )
}
