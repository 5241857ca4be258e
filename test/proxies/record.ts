import type { Key } from '../support/sign.ts'
import type { Entry } from './client.ts'

/** A request that was rejected although its client did nothing wrong, in the form of `test/explain/corpus`. */
export interface RejectedPair {
  readonly name: string
  readonly by: string
  readonly signed: Readonly<Record<'method' | 'target' | 'host' | 'port' | 'ext' | 'key', string>>
  readonly seen: unknown
  readonly credential: Key
  readonly cause: readonly string[]
  readonly side: 'server'
  readonly change: readonly string[]
}

/** The part of a report that tells the causes apart. */
interface Seen {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** Where a pair was recorded. */
export interface Recording {
  /** The proxy, its version, and the set-up. */
  readonly by: string
  readonly cutsPrefix: boolean
  readonly key: Key
}

/**
 * Returns what is wrong if nobody told the server which origin or prefix the client signed.
 *
 * @param options The name of the handler's options.
 */
export function optionsPair(
  recording: Recording,
  { entry, target, options, seen }: { entry: Entry; target: string; options: string; seen: Seen },
): RejectedPair {
  const signed = signedOrigin(entry)
  const derived = derivedOrigin(options, signed, seen.headers)
  const cause: string[] = []
  if (recording.cutsPrefix && !options.startsWith('path')) cause.push('path-prefix')
  if (derived.host !== signed.host) {
    const isNamed = options.endsWith('list') || seen.headers['x-forwarded-host'] !== undefined
    cause.push(...(isNamed ? ['origin', 'host', 'port'] : ['proxy-host']))
  } else if (derived.port !== signed.port) cause.push('port')
  return {
    ...pairOf(recording, entry, target, seen),
    name: `${recording.by}: ${entry.name} with ${options === 'none' ? 'no option' : options}`,
    cause,
    change: changeFor(cause, entry, options, seen),
  }
}

/** What the explanation must contain. */
function changeFor(cause: readonly string[], entry: Entry, options: string, seen: Seen) {
  if (cause.includes('proxy-host')) return ['origin']
  const signed = signedOrigin(entry)
  // The scheme does not matter if there is a port.
  const origin = authorityOf(signed) === signed.host ? entry.origin : authorityOf(signed)
  const change = cause.length > 1 || cause[0] !== 'path-prefix' ? [origin] : []
  if (cause.includes('path-prefix')) change.push('path')
  // With a list, there is nothing to add to it: it is Host that is wrong.
  if (options.endsWith('list') && cause.includes('origin')) change.push(seen.headers.host ?? '')
  return change
}

/** Returns the origin that the server verifies with these options. */
function derivedOrigin(
  options: string,
  signed: { readonly host: string; readonly port: string },
  headers: Seen['headers'],
) {
  if (options.endsWith('origin')) return signed
  const trusts = options.endsWith('trustProxy')
  const authority = (trusts ? headers['x-forwarded-host'] : undefined) ?? headers.host ?? ''
  const [host = '', port] = authority.split(':')
  // The list has the origin that was signed, and Host names it if its port is the right one.
  if (options.endsWith('list') && host === signed.host && authorityOf(signed) === authority) {
    return signed
  }
  const isSecure = trusts && headers['x-forwarded-proto'] === 'https'
  return { host, port: port ?? (isSecure ? '443' : '80') }
}

/** Returns `Host` as clients send it: without the port of http and https. */
function authorityOf({ host, port }: { readonly host: string; readonly port: string }): string {
  return port === '80' || port === '443' ? host : `${host}:${port}`
}

/** What a client signed in comparison with what arrives if a proxy rewrites it. */
const TARGET_CAUSES: Readonly<Record<string, string>> = {
  '/?': 'query-mark',
  '/orders?': 'query-mark',
  '//a': 'path-slash',
  '/a//b': 'path-slash',
  '/a%2Fb': 'path-encoded',
  '/a%2fb': 'path-encoded',
  '/%7Euser': 'path-encoded',
  '/%7euser': 'path-encoded',
  '/%61': 'path-encoded',
  '/caf%c3%a9': 'path-encoded',
  "/a'b": 'path-decoded',
  '/a(b)!*$,:@&=': 'path-decoded',
  '/a^b': 'path-decoded',
  '/a|b': 'path-decoded',
  '/[a]?b[]=1': 'path-decoded',
  '/{a}': 'path-decoded',
  '/a\\b': 'path-decoded',
}

/** Returns what is wrong if only the target was rewritten; `null` if no cause is known for it. */
export function targetPair(
  recording: Recording,
  { entry, target, seen }: { entry: Entry; target: string; seen: Seen },
): RejectedPair | null {
  const cause = TARGET_CAUSES[target]
  if (cause === undefined) return null
  return {
    ...pairOf(recording, entry, target, seen),
    name: `${recording.by}: the target ${target} is rewritten`,
    // A proxy may rewrite the query too, if there is one.
    cause: [...new Set([cause, target.includes('?') ? cause.replace('path-', 'target-') : cause])],
    change: ['proxy'],
  }
}

function pairOf({ by, key }: Recording, entry: Entry, target: string, seen: Seen) {
  const signed = { method: 'GET', target, ...signedOrigin(entry), ext: '', key: key.key }
  return { by, signed, seen, credential: key, side: 'server' } as const
}

function signedOrigin({ origin }: Entry) {
  const { hostname: host, port, protocol } = new URL(origin)
  return { host, port: port || (protocol === 'https:' ? '443' : '80') }
}

/** Drops pairs that differ from an earlier one only in the proxy, the port, the time and the nonce. */
export function withoutCopies(pairs: readonly RejectedPair[]): readonly RejectedPair[] {
  const different = new Map<string, RejectedPair>()
  for (const pair of pairs) {
    const { receivedAt, reference, headers, ...seen } = pair.seen as Record<string, unknown>
    const { authorization, ...fields } = headers as Record<string, string>
    const key = JSON.stringify([pair.signed, seen, fields])
    if (!different.has(key)) different.set(key, pair)
  }
  return [...different.values()]
}
