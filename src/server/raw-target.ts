import { MacError } from '../errors.ts'
import { checkNamedHost, checkReceivedTarget, type UrlPieces } from '../protocol/origin.ts'

/** What is used of the request that node:http gives to an adapter, over HTTP/1 or HTTP/2. */
export interface NodeRequest {
  /** The request target as it was sent. */
  readonly url?: string | undefined
  /** By their names in lower case; over HTTP/2 with `:authority`. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** Gives what is known of the request as it came over the wire, `undefined` where nothing is. */
export type RawTarget = () => string | NodeRequest | undefined

/**
 * Asks for the request as it came.
 *
 * @throws {@link MacError} `ERR_MAC_CALLBACK` where that fails, or gives something else.
 */
export function askRawTarget(rawTarget: RawTarget | null): string | NodeRequest | undefined {
  if (rawTarget === null) return undefined
  try {
    const raw = atOnce(rawTarget())
    if (raw === undefined || typeof raw === 'string' || isNodeRequest(raw)) return raw
    throw new TypeError("it must give a string, node:http's request, or undefined")
  } catch (cause) {
    throw new MacError('ERR_MAC_CALLBACK', 'The function given as requestTarget failed.', { cause })
  }
}

/** By its shape: HTTP/1 and HTTP/2 have classes of their own, and headers without a prototype. */
function isNodeRequest(value: unknown): value is NodeRequest {
  const shape = value as Partial<NodeRequest> | null
  if (typeof shape?.url !== 'string') return false
  return typeof shape.headers === 'object' && shape.headers !== null
}

/** The target that counts: the one from the wire where that is known, else the URL's. */
export function targetOf(raw: string | NodeRequest | undefined, url: UrlPieces): string {
  if (raw === undefined) return url.target
  return checkReceivedTarget(typeof raw === 'string' ? raw : (raw.url ?? ''))
}

/**
 * Checks the hosts that the request names, if node:http tells them.
 *
 * @param hostIsSigned Whether one of them is what was signed.
 * @throws {@link MacError} `ERR_MAC_HOST`
 */
export function checkHostOf(
  raw: string | NodeRequest | undefined,
  url: UrlPieces,
  hostIsSigned: boolean,
): void {
  if (typeof raw === 'object') checkNamedHost(raw.headers, url.scheme, hostIsSigned)
}

/** A promise would be awaited by nobody, and its failure would end the process. */
export function atOnce(computed: unknown): unknown {
  if (!(computed instanceof Promise)) return computed
  computed.catch(() => {})
  throw new TypeError('it must answer at once, and gave a promise')
}
