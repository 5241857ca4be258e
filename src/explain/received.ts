import { MacError } from '../errors.ts'
import { forwardedAuthority } from '../protocol/forwarded.ts'
import type { Authority } from '../protocol/host.ts'
import {
  checkReceivedTarget,
  checkUrlHost,
  checkUrlStart,
  chooseOrigin,
  cutReceivedUrl,
  pinOrigins,
  type RequestHead,
  type RequestOrigin,
  requestAuthority,
  requestMethod,
  shownHosts,
  type UrlPieces,
} from '../protocol/origin.ts'
import type { ExplainSettings, SeenRequest } from './explanation.ts'

/** What a server makes of a request line and its origin, by its settings. */
export interface Received extends RequestOrigin {
  readonly url: UrlPieces
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Whether the option `origin` says what clients sign. */
  readonly pinned: boolean
  /** What the forwarded fields say, if they say something. */
  readonly told: Authority | null
  /** Why the server cannot tell what was signed; host and port are then the nearest to it. */
  readonly problem: MacError | null
}

/** Reads a request as the server does, and goes on where the server would not. */
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
  const signed = attempt(
    () => {
      if (origin !== undefined) return chooseOrigin(head, url, pinOrigins(origin))
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
  const pinned = origin !== undefined
  const told = forwardedTells(seen, head, url)
  return {
    method,
    target,
    host: signed.host,
    port: signed.port,
    url,
    headers,
    pinned,
    told,
    problem,
  }
}

function forwardedTells(
  { headers }: SeenRequest,
  head: RequestHead,
  url: UrlPieces,
): Authority | null {
  if (!Object.keys(headers).some((name) => name.includes('forwarded'))) return null
  try {
    return forwardedAuthority(head, url, 'both')
  } catch {
    return null
  }
}

/** Bun shows a request without a usable host by its target alone. */
function lenientUrl({ url, headers }: SeenRequest): UrlPieces {
  const [, scheme = 'http', authority = headers.host ?? '', target = '/'] =
    /^(?:(https?):\/\/([^/?#]*))?(.*)/is.exec(url) ?? []
  return { scheme: scheme.toLowerCase() === 'https' ? 'https' : 'http', authority, target }
}
