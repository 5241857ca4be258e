import { MacError } from '../errors.ts'
import { forwardedAuthority } from '../protocol/forwarded.ts'
import type { Authority, HttpScheme } from '../protocol/host.ts'
import {
  checkReceivedTarget,
  checkUrlHost,
  checkUrlStart,
  chooseOrigin,
  cutReceivedUrl,
  pinOrigins,
  type RequestHead,
  requestAuthority,
  requestMethod,
  shownHosts,
  type UrlPieces,
} from '../protocol/origin.ts'
import type { ExplainSettings, SeenRequest } from './seen.ts'

/** What a server makes of a request line and its origin, by its settings. */
export interface Received extends Authority {
  readonly method: string
  readonly target: string
  /** The target as the URL has it, where the one from the wire is another. */
  readonly urlTarget: string | null
  readonly scheme: HttpScheme
  /** As the URL has it. */
  readonly authority: string
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Whether the option `origin` says what clients sign. */
  readonly pinned: boolean
  /** What the forwarded fields say, where they say something. */
  readonly told: Authority | null
  /** Why the server cannot tell what was signed; host and port are then the nearest to it. */
  readonly problem: MacError | null
}

/** Reads a request as the server does, and goes on where the server would not. */
export function receive(seen: SeenRequest, settings: ExplainSettings): Received {
  const { headers } = seen
  const head: RequestHead = {
    method: seen.method,
    url: seen.url,
    headers: { get: (name) => headers[name] ?? null },
  }
  let problem: MacError | null = null
  const attempt = <Value>(read: () => Value, otherwise: Value): Value => {
    try {
      return read()
    } catch (error) {
      problem ??= error instanceof MacError ? error : new MacError('ERR_MAC_ORIGIN', String(error))
      return otherwise
    }
  }
  const method = attempt(() => requestMethod(head), seen.method)
  const url = attempt(() => cutReceivedUrl(seen.url), looseUrl(seen))
  const sent = seen.target ?? url.target
  const target = attempt(() => checkReceivedTarget(sent), sent)
  const fallback = { host: (headers.host ?? url.authority).toLowerCase(), port: '' }
  const { host, port } = attempt(() => signedAuthority(head, url, settings), fallback)
  attempt(() => checkHosts(head, url, settings, { host, port }), undefined)
  return {
    method,
    target,
    urlTarget: target === url.target ? null : url.target,
    host,
    port,
    scheme: url.scheme,
    authority: url.authority,
    headers,
    pinned: settings.origin !== undefined,
    told: forwardedTells(head, url),
    problem,
  }
}

function signedAuthority(head: RequestHead, url: UrlPieces, settings: ExplainSettings): Authority {
  const { origin, trustProxy = false } = settings
  if (origin !== undefined) return chooseOrigin(head, url, pinOrigins(origin))
  if (trustProxy === false) return requestAuthority(head, url)
  return forwardedAuthority(head, url, trustProxy === true ? 'both' : trustProxy)
}

/** What a server checks besides: see `checkUrlHost` and `checkUrlStart`. */
function checkHosts(
  head: RequestHead,
  url: UrlPieces,
  { origin, trustProxy = false }: ExplainSettings,
  signed: Authority,
): void {
  const shown = shownHosts(head, url)
  if (origin === undefined && trustProxy !== false) checkUrlHost(shown, signed)
  checkUrlStart(url, signed)
}

function forwardedTells(head: RequestHead, url: UrlPieces): Authority | null {
  const fields = ['forwarded', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port']
  if (!fields.some((name) => head.headers.get(name) !== null)) return null
  try {
    return forwardedAuthority(head, url, 'both')
  } catch {
    return null
  }
}

/** Bun shows a request without a usable host by its target alone. */
function looseUrl({ url, headers }: SeenRequest): UrlPieces {
  const [, scheme = 'http', authority = headers.host ?? '', target = '/'] =
    /^(?:(https?):\/\/([^/?#]*))?(.*)/is.exec(url) ?? []
  return { scheme: scheme.toLowerCase() === 'https' ? 'https' : 'http', authority, target }
}
