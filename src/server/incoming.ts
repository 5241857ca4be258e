import { callSync } from '../callback.ts'
import { MacError } from '../errors.ts'
import type { ClientAddress } from '../limits/client-address.ts'
import { checkReceivedTarget, cutUrl } from '../protocol/url-pieces.ts'
import type { NodeRequest } from '../types.ts'

/**
 * Tells whether a request is for the handler that runs.
 *
 * @param path The signed path, not decoded.
 * @param params The parameters that the server found in the path that it routed by.
 */
export type RouteCheck = (
  method: string,
  path: string,
  params: Readonly<Record<string, unknown>>,
) => boolean

/** An absolute path in visible ASCII, without a query and a fragment. */
const PATH = /^\/[\x21\x22\x24-\x3e\x40-\x7e]*$/

/** What is known of an incoming request besides the `Request`. */
export interface IncomingDetails {
  /** The function of the option `requestTarget`, with the handler's arguments; `null` without that option. */
  readonly requestTarget: (() => unknown) | null
  /** The function of the option `path`, with the handler's arguments; `null` without that option. */
  readonly path: (() => unknown) | null
  /** The path that node:http received, with its query; `null` if it is not known. */
  readonly sent: string | null
  /** `null` if the server has no routes that withmac knows. */
  readonly route: RouteCheck | null
  /** `null` if failures are not limited. */
  readonly clientAddress: ClientAddress | null
}

/** A request on its way to a handler. */
export class Incoming {
  readonly request: Request
  readonly route: RouteCheck | null
  readonly clientAddress: ClientAddress | null
  readonly #requestTarget: (() => unknown) | null
  readonly #path: (() => unknown) | null
  readonly #sent: string | null
  /** `undefined` until the function was called: its result may be `null`. */
  #received: string | NodeRequest | null | undefined = undefined
  /** `undefined` until the function was called. */
  #givenPath: string | undefined = undefined

  constructor(request: Request, details: IncomingDetails) {
    const { requestTarget, path, sent, route, clientAddress } = details
    this.request = request
    this.route = route
    this.clientAddress = clientAddress
    this.#requestTarget = requestTarget
    this.#path = path
    this.#sent = sent
  }

  /** Whether the target is known as it was sent, and not only as `request.url` shows it. */
  get showsSentTarget(): boolean {
    return this.#sent !== null || this.received() !== null
  }

  /** Whether the signed target may not be that of the URL. */
  get hasOtherTarget(): boolean {
    return this.#path !== null || this.#sent !== null || this.received() !== null
  }

  /**
   * Returns the request target as it was received, or node:http's request; `null` if neither is known. The
   * function of the option is called at most once, so that its result counts for the whole request.
   *
   * @throws {@link MacError} `ERR_MAC_CALLBACK` if the function fails, or returns something else.
   */
  received(): string | NodeRequest | null {
    if (this.#requestTarget === null) return null
    if (this.#received === undefined) {
      this.#received = callSync('requestTarget', this.#requestTarget, readReceived)
    }
    return this.#received
  }

  /**
   * Returns the target that was signed: the received one if it is known, otherwise that of the URL, under the
   * path that the option `path` gives.
   *
   * @throws {@link MacError} `ERR_MAC_TARGET`, `ERR_MAC_HOST`; and as {@link Incoming.received} does.
   */
  target(): string {
    const { target } = cutUrl(this.request.url)
    const received = this.received()
    if (received === null && this.#path !== null) return this.#underPath(target)
    if (received === null) return checkWhole(target, this.#sent)
    return checkReceivedTarget(typeof received === 'string' ? received : (sentTo(received) ?? ''))
  }

  /**
   * Returns the path that the router chose the handler by, not decoded and without the query: that of the signed
   * target, or with the option `path` that of the URL.
   */
  routedPath(): string {
    return pathOf(this.#path === null ? this.target() : cutUrl(this.request.url).target)
  }

  /**
   * Returns the target of the URL with the path that the option gives. Such a path must be a prefix and the URL's
   * path: with any other, an attacker could choose a handler that was not signed for.
   */
  #underPath(target: string): string {
    const call = this.#path
    if (call !== null) this.#givenPath ??= callSync('path', call, readPath)
    const path = this.#givenPath ?? ''
    const routed = pathOf(target)
    // Under a mount at `/api`, the URL of `/api` has the path `/`.
    const isPrefixed = path.endsWith(routed) || routed === '/'
    if (isPrefixed) return path + target.slice(routed.length)
    throw new MacError(
      'ERR_MAC_TARGET',
      'The signed path does not end with the path of the URL that the server shows. The option path is for ' +
        'prefixes that were cut off; write a prefix in front of the path of request.url as it is.',
    )
  }
}

/**
 * Returns the target of the URL if its path is the one that was sent. A framework that mounts an application cuts a
 * prefix off: then a request that was signed for `/orders` would run the handler of `/mounted/orders`.
 */
function checkWhole(target: string, sent: string | null): string {
  if (sent === null) return target
  const whole = inOriginForm(sent)
  if (!whole.startsWith('/')) return target
  const [path, shown] = [pathOf(whole), pathOf(target)]
  if (path === shown || normalized(path) === normalized(shown)) return target
  throw new MacError(
    'ERR_MAC_TARGET',
    'The server got another path than request.url has: a framework has cut a prefix off, as for a mounted ' +
      'application. Give withmac the path that clients sign with the option path.',
  )
}

/** Routers of node:http look only at the path of a target in absolute-form (RFC 9112 §3.2.2), and cut it as any other. */
function inOriginForm(sent: string): string {
  const start = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\\]*/i.exec(sent)
  if (start === null) return sent
  const target = sent.slice(start[0].length)
  return target.startsWith('/') ? target : `/${target}`
}

function normalized(path: string): string {
  return new URL(`http://a${path}`).pathname
}

/** Returns the target that node:http received. Express and Connect keep it when they cut a prefix off `url`. */
export function sentTo({ originalUrl, url }: NodeRequest): string | undefined {
  return typeof originalUrl === 'string' ? originalUrl : url
}

/** Returns a request target without its query. */
export function pathOf(target: string): string {
  const end = target.indexOf('?')
  return end === -1 ? target : target.slice(0, end)
}

function readReceived(received: unknown): string | NodeRequest | null {
  if (received === undefined) return null
  if (typeof received === 'string' || isNodeRequest(received)) return received
  throw new TypeError("it must return a string, node:http's request, or undefined")
}

/** By its shape: HTTP/1 and HTTP/2 have classes of their own, and headers without a prototype. */
function isNodeRequest(value: unknown): value is NodeRequest {
  const shape = value as Partial<NodeRequest> | null
  if (typeof shape?.url !== 'string') return false
  return typeof shape.headers === 'object' && shape.headers !== null
}

function readPath(path: unknown): string {
  if (typeof path !== 'string') throw new TypeError('it must return a string')
  if (PATH.test(path)) return path
  throw new TypeError(
    'it must return a path such as "/api/orders": percent-encoded, without a query',
  )
}
