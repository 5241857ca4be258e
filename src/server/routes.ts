import type { RouteCheck } from './incoming.ts'
import type { FirstArgument } from './request-of.ts'
import { methodServed, type Route, RouteTable } from './route-table.ts'
import type { Handler } from './with-mac.ts'

/** The parameters in a pattern of Bun's `routes`: `{ id: string }` for `/files/:id`. */
export type RouteParams<Path extends string> = string extends Path
  ? { readonly [name: string]: string }
  : { readonly [Name in ParamNames<Path>]: string }

type ParamNames<Path extends string> = Path extends `${infer Segment}/${infer Rest}`
  ? ParamName<Segment> | ParamNames<Rest>
  : ParamName<Path>

type ParamName<Segment extends string> = Segment extends `:${infer Name}` ? Name : never

/** The request of a handler under Bun's `routes`: a `Request` with the parameters of its path. */
export interface RouteRequest<Path extends string = string> extends Request {
  readonly params: RouteParams<Path>
}

/** The second argument of a handler under Bun's `routes`: the part of Bun's `Server` that tells the client. */
export interface RouteServer {
  requestIP(
    request: Request,
  ): { readonly address: string; readonly port: number; readonly family: string } | null
}

/** The methods for which a route may have a handler of its own. */
export type RouteMethod = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'HEAD' | 'OPTIONS'

/** A handler of one route: a function, also one that `withMac` returned, or an object with `fetch`. */
export type RouteHandler<Path extends string> = RouteFetch<Path>['fetch'] | RouteFetch<Path>

/** Declared as a method, so that a handler may ask for Bun's own `BunRequest` and `Server`. */
interface RouteFetch<Path extends string> {
  fetch(request: RouteRequest<Path>, server: RouteServer): Response | Promise<Response>
}

/** A handler for all methods, a handler for each of several methods, or `false` if it is served elsewhere. */
export type RouteEntry<Path extends string> =
  | RouteHandler<Path>
  | { readonly [Method in RouteMethod]?: RouteHandler<Path> | undefined }
  | false

/** The table that `mac.routes` takes. */
export type RouteEntries<Path extends string> = { readonly [P in Path]: RouteEntry<P> }

/** A handler as Bun calls it. */
export type RoutedHandler<Path extends string> = (
  request: RouteRequest<Path>,
  server: RouteServer,
) => Promise<Response>

/** The table that `mac.routes` returns, for the option `routes` of `Bun.serve`. */
export type Routes<Path extends string> = {
  [P in Path]: RoutedHandler<P> | { [Method in RouteMethod]?: RoutedHandler<P> } | false
}

const METHODS: ReadonlySet<string> = new Set<RouteMethod>([
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'HEAD',
  'OPTIONS',
])

// biome-ignore lint/suspicious/noExplicitAny: its arguments concern only Bun and the handler
type AnyHandler = Handler<FirstArgument & any, any[]>

/** An entry of the table, parsed. */
type Entry =
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'handler'; readonly handler: AnyHandler }
  | { readonly kind: 'methods'; readonly handlers: ReadonlyMap<string, AnyHandler> }

/** Wraps the same handler with the same options once more, with a check of its route. */
type Rewrap = (check: RouteCheck) => unknown

/** The functions that `withMac` returned. A request that is verified twice would be a replay of itself. */
const wrapped = new WeakMap<object, Rewrap>()

/** Remembers how to make a function that `withMac` returned, with another route. */
export function keepWrapped<Wrapped extends object>(wrap: Wrapped, rewrap: Rewrap): Wrapped {
  wrapped.set(wrap, rewrap)
  return wrap
}

/** Returns how a handler was wrapped, by any `Mac`; `null` if it was not. */
export function wrappedBy(handler: AnyHandler): Rewrap | null {
  return wrapped.get(typeof handler === 'function' ? handler : handler.fetch) ?? null
}

/**
 * Wraps each handler of a table, with a check that the verified method and path match its own pattern.
 *
 * @param guard Wraps one handler.
 * @throws TypeError for a pattern or an entry that cannot be guarded.
 */
export function guardRoutes(
  table: unknown,
  guard: (handler: AnyHandler, check: RouteCheck) => unknown,
): Record<string, unknown> {
  if (typeof table !== 'object' || table === null || Array.isArray(table)) {
    throw new TypeError("withmac: routes takes an object such as { '/files/:id': handler }.")
  }
  const read = Object.entries(table)
    .filter(([, entry]) => entry !== undefined)
    .map(([pattern, value]) => {
      const entry = readEntry(pattern, value)
      const methods = entry.kind === 'methods' ? new Set(entry.handlers.keys()) : null
      return { entry, route: { pattern, methods } }
    })
  const routes = new RouteTable(read.map(({ route }) => route))
  const guarded = read.map(({ entry, route }) => [route.pattern, guardEntry(entry, route)])
  return Object.fromEntries(guarded)

  function guardEntry(entry: Entry, route: Route): unknown {
    if (entry.kind === 'elsewhere') return false
    if (entry.kind === 'handler') return guard(entry.handler, checkOf(route, null))
    const handlers = Array.from(entry.handlers, ([method, handler]) => {
      return [method, guard(handler, checkOf(route, method))]
    })
    return Object.fromEntries(handlers)
  }

  function checkOf(route: Route, key: string | null): RouteCheck {
    return (method, path, params) => {
      const match = routes.match(method, path)
      if (match?.route !== route || methodServed(route, method) !== key) return false
      return match.params !== null && areEqual(match.params, params)
    }
  }
}

function areEqual(
  expected: ReadonlyMap<string, string>,
  given: Readonly<Record<string, unknown>>,
): boolean {
  if (Object.keys(given).length !== expected.size) return false
  for (const [name, value] of expected) {
    if (given[name] !== value) return false
  }
  return true
}

function readEntry(pattern: string, entry: unknown): Entry {
  if (entry === false) return { kind: 'elsewhere' }
  if (isHandler(entry)) return { kind: 'handler', handler: entry }
  if (!isPlain(entry)) throw notGuarded(pattern, entry)
  const handlers = new Map<string, AnyHandler>()
  for (const [method, handler] of Object.entries(entry)) {
    if (!METHODS.has(method)) {
      const name = `${JSON.stringify(pattern)}: ${JSON.stringify(method)}`
      const known = [...METHODS].join(', ')
      throw new TypeError(`withmac: routes: ${name} is not a method: use ${known}.`)
    }
    if (handler === undefined) continue
    if (!isHandler(handler)) throw notGuarded(`${method} ${pattern}`, handler)
    handlers.set(method, handler)
  }
  if (handlers.size > 0) return { kind: 'methods', handlers }
  throw new TypeError(`withmac: routes: ${JSON.stringify(pattern)} has no handler.`)
}

function isHandler(value: unknown): value is AnyHandler {
  if (typeof value === 'function') return true
  return typeof (value as { readonly fetch?: unknown } | null | undefined)?.fetch === 'function'
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Bun itself serves a directory, and a page, whose `index` names its file.
  return (prototype === Object.prototype || prototype === null) && !('dir' in value)
}

/** Bun sends a Response, a file, a page or a directory to everybody, without calling a handler. */
function notGuarded(name: string, value: unknown): TypeError {
  const what = value instanceof Response ? 'a Response' : 'not a handler'
  return new TypeError(
    `withmac: routes: ${JSON.stringify(name)} is ${what}, so no signature can be required: use a function ` +
      'that returns it. If it is for everybody, put it next to the table: routes: { ...mac.routes({ … }), ' +
      "'/public': response }. If another pattern matches its path, add '/public': false to the table.",
  )
}
