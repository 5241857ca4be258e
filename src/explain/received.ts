import { MacError } from '../errors.ts'
import { forwardedAuthority } from '../protocol/forwarded.ts'
import type { Authority } from '../protocol/host.ts'
import { chooseOrigin, type Origin, pinOrigins } from '../protocol/pinned-origin.ts'
import {
  checkUrlHost,
  checkUrlStart,
  type RequestHead,
  requestAuthority,
  requestMethod,
  shownHosts,
} from '../protocol/request-head.ts'
import type { RequestElements } from '../protocol/signature.ts'
import { checkReceivedTarget, cutReceivedUrl, type UrlPieces } from '../protocol/url-pieces.ts'
import type { ExplainSettings, SeenRequest } from './explanation.ts'

/** Request line and origin, as a server with these settings reads them. */
export interface Received extends RequestElements {
  readonly url: UrlPieces
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The origins of the option `origin`. Empty if it is not set. */
  readonly pinned: readonly Origin[]
  /** The option `trustProxy`. `false` if it is not set. */
  readonly trustProxy: NonNullable<ExplainSettings['trustProxy']>
  /** Host and port of the forwarded fields. `null` if there are none that can be read. */
  readonly forwarded: Authority | null
  /** Why the server rejects the origin or target. If it does, host and port are the closest guess. */
  readonly problem: MacError | null
}

/** Reads a request as the server does. If the server would reject it, this keeps the error and goes on. */
export function receive(seen: SeenRequest, settings: ExplainSettings): Received {
  const { headers } = seen
  const { origin, trustProxy = false } = settings
  const head: RequestHead = {
    method: seen.method,
    url: seen.url,
    headers: { get: (name) => headers[name] ?? null },
  }
  let problem: MacError | null = null
  const attempt = <Value>(read: () => Value, fallback: Value): Value => {
    try {
      return read()
    } catch (error) {
      problem ??= error instanceof MacError ? error : new MacError('ERR_MAC_ORIGIN', String(error))
      return fallback
    }
  }
  const method = attempt(() => requestMethod(head), seen.method)
  const url = attempt(() => cutReceivedUrl(seen.url), lenientUrl(seen))
  const sent = seen.target ?? url.target
  const target = attempt(() => checkReceivedTarget(sent), sent)
  const pinned = origin === undefined ? [] : attempt(() => pinOrigins(origin), [])
  const signed = attempt(
    () => {
      if (origin !== undefined) return chooseOrigin(head, url, pinned)
      if (trustProxy === false) return requestAuthority(head, url)
      return forwardedAuthority(head, url, trustProxy === true ? 'both' : trustProxy)
    },
    { host: (headers.host ?? url.authority).toLowerCase(), port: '' },
  )
  attempt(() => {
    const hosts = shownHosts(head, url)
    if (origin === undefined && trustProxy !== false) checkUrlHost(hosts, signed)
    checkUrlStart(url, signed)
  }, undefined)
  const { host, port } = signed
  const forwarded = forwardedOrigin(seen, head, url)
  return { method, target, host, port, url, headers, pinned, trustProxy, forwarded, problem }
}

function forwardedOrigin(seen: SeenRequest, head: RequestHead, url: UrlPieces): Authority | null {
  if (!Object.keys(seen.headers).some((name) => name.includes('forwarded'))) return null
  try {
    return forwardedAuthority(head, url, 'both')
  } catch {
    return null
  }
}

/** Cuts any URL. If a request has no valid host, Bun's `request.url` is only its target. */
function lenientUrl({ url, headers }: SeenRequest): UrlPieces {
  const [, scheme = 'http', authority = headers.host ?? '', target = '/'] =
    /^(?:(https?):\/\/([^/?#]*))?(.*)/is.exec(url) ?? []
  return { scheme: scheme.toLowerCase() === 'https' ? 'https' : 'http', authority, target }
}
