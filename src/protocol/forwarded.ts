import { MacError } from '../errors.ts'
import { splitList, TOKEN, trimBlanks } from './characters.ts'
import { type Authority, type HttpScheme, parseAuthority } from './host.ts'
import type { Origin } from './pinned-origin.ts'
import type { RequestHead } from './request-head.ts'
import type { UrlPieces } from './url-pieces.ts'

/** Which forwarded fields to read. */
export type ForwardedFamily = 'forwarded' | 'x-forwarded' | 'both'

/** A name and a quoted or unquoted value, or nothing (RFC 7239 §4). */
const PAIR = new RegExp(
  String.raw`^[ \t]*(?:([${TOKEN}]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;= \t]*)))?[ \t]*$`,
)
/** The maximum length of `Forwarded`, in characters. */
const MAX_FORWARDED_LENGTH = 1024

/** Returns the origin of {@link forwardedOrigin}, without its scheme. */
export function forwardedAuthority(
  request: RequestHead,
  url: UrlPieces,
  family: ForwardedFamily,
): Authority {
  const { host, port } = forwardedOrigin(request, url, family)
  return { host, port }
}

/**
 * Returns the origin that a client signed, from the fields of a proxy: `Forwarded` (RFC 7239), or
 * `X-Forwarded-Proto`, `-Host` and `-Port`. What they do not contain comes from the `Host` header and the
 * URL.
 *
 * Anyone can send these fields: read them only behind a proxy that sets or removes each one of them. They
 * may contradict each other, because of several proxies, or because the client sent some of them. Then
 * the request is rejected.
 *
 * @throws {@link MacError} `ERR_MAC_FORWARDED`, or `ERR_MAC_HOST` for a malformed host.
 */
export function forwardedOrigin(
  request: RequestHead,
  url: UrlPieces,
  family: ForwardedFamily,
): Origin {
  const x = family !== 'forwarded'
  const standard = family === 'x-forwarded' ? [] : forwardedElements(request)
  const protos = [
    ...standard.map((element) => element.get('proto')),
    ...(x ? valuesOf(request, 'x-forwarded-proto') : []),
  ]
  const proto = onlyValue('proto', protos.map(httpName))
  const host = onlyValue('host', [
    ...standard.map((element) => element.get('host')),
    ...(x ? valuesOf(request, 'x-forwarded-host') : []),
  ])
  const port = onlyValue('port', x ? valuesOf(request, 'x-forwarded-port') : [])
  const scheme = proto === null ? url.scheme : httpScheme(proto)
  const authority = host ?? request.headers.get('host') ?? url.authority
  return { scheme, ...addPort(authority, port, scheme) }
}

/** Adds X-Forwarded-Port if the host has no port. If it has one, both must be equal. */
function addPort(host: string, port: string | null, scheme: HttpScheme): Authority {
  const bare = parseAuthority(host, scheme)
  if (port === null) return bare
  const named = host.lastIndexOf(':') > host.lastIndexOf(']')
  const full = named ? bare : parseAuthority(`${host}:${port}`, scheme)
  if (full.port !== port) {
    throw forwardedError(`the host has the port ${full.port}, but X-Forwarded-Port has another`)
  }
  return full
}

/**
 * Returns `https` for `wss`, and `http` for `ws`. Some proxies write these if a request opens a
 * WebSocket.
 */
export function httpName<Proto extends string | undefined>(proto: Proto): Proto | HttpScheme {
  const name = proto?.toLowerCase()
  return name === 'wss' ? 'https' : name === 'ws' ? 'http' : proto
}

function httpScheme(proto: string): HttpScheme {
  if (proto === 'http' || proto === 'https') return proto
  throw forwardedError('the forwarded proto is neither http nor https')
}

function valuesOf(request: RequestHead, name: string): (string | undefined)[] {
  return request.headers.get(name)?.split(',').map(trimBlanks) ?? []
}

/** Returns the value, if all are equal; `null` if there is none. */
function onlyValue(what: string, values: readonly (string | undefined)[]): string | null {
  const different = new Set<string>()
  for (const value of values) {
    if (value !== undefined) different.add(value.toLowerCase())
  }
  if (different.size > 1) {
    throw forwardedError(
      `there are different values of ${what}; set the right one with the option origin`,
    )
  }
  const [only] = different
  return only ?? null
}

/**
 * Returns the elements of `Forwarded`: one for each proxy, the nearest last.
 * @throws {@link MacError} `ERR_MAC_FORWARDED` if it is malformed.
 */
export function forwardedElements(request: RequestHead): Map<string, string>[] {
  const header = request.headers.get('forwarded')
  if (header === null) return []
  if (header.length > MAX_FORWARDED_LENGTH) throw forwardedError('Forwarded is too long')
  return splitForwarded(header, ',').map(readElement)
}

function readElement(element: string): Map<string, string> {
  const pairs = new Map<string, string>()
  for (const text of splitForwarded(element, ';')) {
    const match = PAIR.exec(text)
    if (match === null) throw forwardedError('Forwarded is malformed')
    const [, name, quoted, token] = match
    if (name === undefined) continue
    const key = name.toLowerCase()
    if (pairs.has(key)) throw forwardedError(`Forwarded repeats ${key}`)
    pairs.set(key, quoted?.replace(/\\(.)/g, '$1') ?? token ?? '')
  }
  return pairs
}

function splitForwarded(text: string, separator: ',' | ';'): string[] {
  const split = splitList(text, separator)
  if (split === null) throw forwardedError('Forwarded has a quote that is not closed')
  return split
}

function forwardedError(what: string): MacError {
  return new MacError('ERR_MAC_FORWARDED', `The forwarded origin cannot be used: ${what}.`)
}
