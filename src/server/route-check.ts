import { MacError } from '../errors.ts'
import { nodeRequest } from '../limits/client-address.ts'
import { type Incoming, pathOf, type RouteCheck } from './incoming.ts'
import { decoded } from './verified-target.ts'

/**
 * Checks that the handler which the server chose is the one that the signed target names. Bun's `routes`
 * choose by the path as it was sent, but `request.url` holds a normalized path. An attacker on the way could
 * send another path that is normalized to the signed one, and so reach another handler.
 *
 * Without `route`, the `params` that Bun adds to the `Request` are compared with the signed path. That does
 * *not* see what `*` matched. Other frameworks keep `params` outside of the `Request`, and are not checked.
 *
 * @throws {@link MacError} `ERR_MAC_TARGET`; and as {@link Incoming.target} does.
 */
export function checkRoute(incoming: Incoming): void {
  const { request, route } = incoming
  const { params } = request as { readonly params?: unknown }
  const given = typeof params === 'object' && params !== null ? params : null
  if (route === null && (given === null || Object.keys(given).length === 0)) return
  const path = incoming.routedPath()
  const values = (given ?? {}) as Readonly<Record<string, unknown>>
  if (route === null ? areSegments(values, path) : route(request.method, path, values)) return
  throw new MacError(
    'ERR_MAC_TARGET',
    'The path on the request line names another handler than the signed path: send the form that ' +
      'new URL() gives, with valid escapes.',
  )
}

/** Whether {@link checkRoute} passes; `false` also if the target cannot be read. */
export function hasRoute(incoming: Incoming): boolean {
  try {
    checkRoute(incoming)
    return true
  } catch {
    return false
  }
}

/** Rejects every request. */
const NOWHERE: RouteCheck = () => false
/** What `new URL()` removes from a path or rewrites: backslashes and dot segments. */
const REWRITTEN = /\\|\/(?:\.|%2e){1,2}(?:\/|$)/i

/** Returns the request target that node:http received, if the adapter shows it; otherwise `null`. */
export function sentTarget(first: unknown, second: unknown): string | null {
  try {
    const { originalUrl, url } = nodeRequest(first, second) ?? {}
    const sent = originalUrl ?? url
    return typeof sent === 'string' ? sent : null
  } catch {
    return null
  }
}

/**
 * Returns the check for a handler that may run behind a router on node:http, such as Express. These also
 * choose by the path as it was sent, but adapters give handlers a normalized one. If the adapter passes on
 * node:http's request, and its path was rewritten, the check fails.
 *
 * @param sent What {@link sentTarget} returns.
 */
export function behindNode(sent: string | null, route: RouteCheck | null): RouteCheck | null {
  return sent !== null && REWRITTEN.test(pathOf(sent)) ? NOWHERE : route
}

/**
 * Whether each string among the values is a segment of the path, decoded or not, in the order of the path. One
 * value may be several undecoded segments, as some routers do it.
 *
 * Without a `*` in the patterns this is enough: a path that `new URL()` would rewrite has a dot segment or a
 * backslash in a parameter, and such a value is never a segment of the signed path.
 */
function areSegments(params: Readonly<Record<string, unknown>>, path: string): boolean {
  const segments = path.slice(1).split('/')
  // If the path has a malformed escape, nothing is decoded: each attempt would throw, a thousand times.
  const decodedSegments =
    path.includes('%') && decoded(path) !== null ? segments.map(decoded) : segments
  let at = 0
  for (const value of Object.values(params)) {
    if (typeof value !== 'string' || value === '') continue
    const end = nextSegment(value, segments, decodedSegments, at)
    if (end === null) return false
    at = end
  }
  return true
}

/** Returns where to look for the next value; `null` if this one is not found. */
function nextSegment(
  value: string,
  segments: readonly string[],
  decodedSegments: readonly (string | null)[],
  from: number,
): number | null {
  for (let at = from; at < segments.length; at++) {
    if (segments[at] === value || decodedSegments[at] === value) return at + 1
  }
  if (!value.includes('/')) return null
  const rest = `/${segments.slice(from).join('/')}/`
  const start = rest.indexOf(`/${value}/`)
  if (start === -1) return null
  const before = rest.slice(0, start + value.length + 1)
  return from + before.split('/').length - 1
}
