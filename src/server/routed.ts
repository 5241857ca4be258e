import { MacError } from '../errors.ts'
import { nodeRequest } from '../limits/client-address.ts'
import type { ReceivedTarget } from './request-origin.ts'
import { decoded, pathOf, signedTarget } from './verified-target.ts'

/**
 * Whether a verified request is one for the handler that runs.
 *
 * @param path As it was signed, not decoded.
 * @param params Those that the server found in the path that it routed by.
 */
export type RouteCheck = (
  method: string,
  path: string,
  params: Readonly<Record<string, unknown>>,
) => boolean

/**
 * Sees to it that the handler which the server chose is the one that the verified target names. Bun's
 * `routes` choose by the path as it was sent, and show a normalized one in `request.url`: whoever stands
 * on the way could send another path that is normalized to the signed one.
 *
 * Without a check of its own, a handler is held against the `params` that Bun adds to the `Request`. That
 * does *not* see what `*` stood for. Other frameworks have `params` beside the `Request`, from a path that
 * they read themselves, and are left alone.
 *
 * @throws {@link MacError} `ERR_MAC_TARGET`; what {@link signedTarget} throws.
 */
export function checkRouted(
  request: Request,
  receivedTarget: ReceivedTarget | null,
  route: RouteCheck | null,
): void {
  const { params } = request as { readonly params?: unknown }
  const given = typeof params === 'object' && params !== null ? params : null
  if (route === null && (given === null || Object.keys(given).length === 0)) return
  const path = pathOf(signedTarget(request, receivedTarget))
  const values = (given ?? {}) as Readonly<Record<string, unknown>>
  if (route === null ? areSegments(values, path) : route(request.method, path, values)) return
  throw new MacError(
    'ERR_MAC_TARGET',
    'The path on the request line names another handler than the signed path: send the form that ' +
      'new URL() gives, with valid escapes.',
  )
}

/** The same as an answer; `false` also where the target cannot be told. */
export function isRouted(
  request: Request,
  receivedTarget: ReceivedTarget | null,
  route: RouteCheck | null,
): boolean {
  try {
    checkRouted(request, receivedTarget, route)
    return true
  } catch {
    return false
  }
}

/** Of no handler. */
const NOWHERE: RouteCheck = () => false
/** What `new URL()` takes out of a path, with segments that stand before it. */
const REWRITTEN = /\\|\/(?:\.|%2e){1,2}(?:\/|$)/i

/**
 * The check for a handler that may stand behind a router of node:http, such as that of Express: these
 * choose by the path as it was sent as well, while adapters show a normalized one. Where they show
 * node:http's request too, a path that was rewritten is one for no handler.
 *
 * @param first What the handler was called with first.
 * @param second What it was called with second.
 */
export function behindNode(
  first: unknown,
  second: unknown,
  route: RouteCheck | null,
): RouteCheck | null {
  return isRewritten(first, second) ? NOWHERE : route
}

function isRewritten(first: unknown, second: unknown): boolean {
  try {
    const { originalUrl, url } = nodeRequest(first, second) ?? {}
    const sent = originalUrl ?? url
    return typeof sent === 'string' && REWRITTEN.test(pathOf(sent))
  } catch {
    return false
  }
}

/**
 * Whether each text among the values is a segment of the path, decoded or as it stands, each after the
 * one before. Several segments may be one value, undecoded, as some routers give them.
 *
 * Where no pattern has a `*`, that settles it: a path that `new URL()` would rewrite has a dot segment or
 * a backslash within a parameter, and then one of them is no segment.
 */
function areSegments(params: Readonly<Record<string, unknown>>, path: string): boolean {
  const segments = path.slice(1).split('/')
  // Of a path with a malformed escape none is decoded: a thousand of them would take a thousand throws.
  const plain = path.includes('%') && decoded(path) !== null ? segments.map(decoded) : segments
  let at = 0
  for (const value of Object.values(params)) {
    if (typeof value !== 'string' || value === '') continue
    const end = endOf(value, segments, plain, at)
    if (end === null) return false
    at = end
  }
  return true
}

/** Where to look for the next value; `null` where this one is not to be found. */
function endOf(
  value: string,
  segments: readonly string[],
  plain: readonly (string | null)[],
  from: number,
): number | null {
  for (let at = from; at < segments.length; at++) {
    if (segments[at] === value || plain[at] === value) return at + 1
  }
  if (!value.includes('/')) return null
  const rest = `/${segments.slice(from).join('/')}/`
  const start = rest.indexOf(`/${value}/`)
  if (start === -1) return null
  const before = rest.slice(0, start + value.length + 1)
  return from + before.split('/').length - 1
}
