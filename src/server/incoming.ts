import { callSync } from '../callback.ts'
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

/** What is known of an incoming request besides the `Request`. */
export interface IncomingDetails {
  /** The function of the option `requestTarget`, with the handler's arguments; `null` without that option. */
  readonly requestTarget: (() => unknown) | null
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
  /** `undefined` until the function was called: its result may be `null`. */
  #received: string | NodeRequest | null | undefined = undefined

  constructor(request: Request, { requestTarget, route, clientAddress }: IncomingDetails) {
    this.request = request
    this.route = route
    this.clientAddress = clientAddress
    this.#requestTarget = requestTarget
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
   * Returns the target that was signed: the received one if it is known, otherwise that of the URL.
   *
   * @throws {@link MacError} `ERR_MAC_TARGET`, `ERR_MAC_HOST`; and as {@link Incoming.received} does.
   */
  target(): string {
    const url = cutUrl(this.request.url)
    const received = this.received()
    if (received === null) return url.target
    return checkReceivedTarget(typeof received === 'string' ? received : (received.url ?? ''))
  }

  /** Returns the path of {@link Incoming.target} as it was signed: without the query, and not decoded. */
  path(): string {
    return pathOf(this.target())
  }
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
