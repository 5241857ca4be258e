import { decoded } from './verified-target.ts'

/** A pattern of Bun's `routes`, and the methods that it serves. */
export interface Route {
  readonly pattern: string
  /** `null` serves every method. */
  readonly methods: ReadonlySet<string> | null
}

/** The route that Bun chooses for a path. */
export interface Match {
  readonly route: Route
  /** The parameters by name; `null` if one of them is not percent-encoded UTF-8. */
  readonly params: ReadonlyMap<string, string> | null
}

/** What may follow after a sequence of segments. */
interface Node {
  readonly fixed: Map<string, Node>
  param: Node | null
  here: Leaf | null
  /** A `*` as the next and last segment. */
  rest: Leaf | null
}

interface Leaf {
  readonly route: Route
  readonly names: readonly string[]
}

/** A segment that Bun compares byte for byte, and that `new URL()` does not change. */
const FIXED = /^(?:[A-Za-z0-9\-._~!$&'()+,;=@|[\]]|%[0-9A-Fa-f]{2})*$/
const DOTS = /^(?:\.|%2e){1,2}$/i
const NAME = /^[A-Za-z_$][\w$-]*$/

/**
 * The patterns of one `routes` object. It finds the pattern that Bun chooses for a path: segment by segment,
 * an exact segment first, then a parameter, then `*`, among the patterns that serve the method.
 */
export class RouteTable {
  readonly #root: Node = emptyNode()
  /** How many segments of a path are looked at. */
  #depth = 1

  /** @throws TypeError for a pattern that Bun never chooses, or that means something else than it seems to. */
  constructor(routes: readonly Route[]) {
    for (const route of routes) this.#add(route)
  }

  #add(route: Route): void {
    const { pattern } = route
    if (!pattern.startsWith('/')) throw wrong(pattern, 'must start with "/"')
    const segments = pattern.slice(1).split('/')
    const names: string[] = []
    let node = this.#root
    for (const [at, segment] of segments.entries()) {
      if (segment === '*') {
        if (at < segments.length - 1) throw wrong(pattern, 'may have "*" as its last segment alone')
        if (node.rest !== null) throw twice(pattern, node.rest)
        node.rest = { route, names }
        break
      }
      if (segment.startsWith(':')) {
        names.push(readName(pattern, segment, names))
        node.param ??= emptyNode()
        node = node.param
      } else {
        checkFixed(pattern, segment)
        const next = node.fixed.get(segment) ?? emptyNode()
        node.fixed.set(segment, next)
        node = next
      }
      if (at < segments.length - 1) continue
      if (node.here !== null) throw twice(pattern, node.here)
      node.here = { route, names }
    }
    this.#depth = Math.max(this.#depth, segments.length)
  }

  /**
   * Returns the route that Bun chooses for a request with this path on its request line; `null` if none.
   * @param path Without the query, not decoded.
   */
  match(method: string, path: string): Match | null {
    const segments = path.slice(1).split('/', this.#depth + 1)
    const values: string[] = []
    const leaf = find(this.#root, segments, 0, method, values)
    return leaf === null ? null : { route: leaf.route, params: paramsOf(leaf, values) }
  }
}

/** Visits no node twice, so the size of the table limits the work, whatever the path. */
function find(
  node: Node,
  segments: readonly string[],
  at: number,
  method: string,
  values: string[],
): Leaf | null {
  const segment = segments[at]
  if (segment === undefined) return serves(node.here, method)
  const next = node.fixed.get(segment)
  const fixed = next === undefined ? null : find(next, segments, at + 1, method, values)
  if (fixed !== null) return fixed
  if (node.param !== null && segment !== '') {
    values.push(segment)
    const found = find(node.param, segments, at + 1, method, values)
    if (found !== null) return found
    values.pop()
  }
  return serves(node.rest, method)
}

function serves(leaf: Leaf | null, method: string): Leaf | null {
  return leaf !== null && methodServed(leaf.route, method) !== undefined ? leaf : null
}

/**
 * Returns the method under which a route serves a request: `null` if it has one handler for all, `undefined`
 * if it does not serve it. Bun answers HEAD by the handler for GET if there is none for HEAD.
 */
export function methodServed({ methods }: Route, method: string): string | null | undefined {
  if (methods === null) return null
  if (methods.has(method)) return method
  return method === 'HEAD' && methods.has('GET') ? 'GET' : undefined
}

function paramsOf({ names }: Leaf, values: readonly string[]): ReadonlyMap<string, string> | null {
  const params = new Map<string, string>()
  for (const [at, name] of names.entries()) {
    const value = decoded(values[at] ?? '')
    if (value === null) return null
    params.set(name, value)
  }
  return params
}

function readName(pattern: string, segment: string, names: readonly string[]): string {
  const name = segment.slice(1)
  if (!NAME.test(name)) {
    throw wrong(pattern, `has ${JSON.stringify(segment)}, which is not a parameter such as ":id"`)
  }
  if (names.includes(name)) throw wrong(pattern, `has the parameter ":${name}" twice`)
  return name
}

function checkFixed(pattern: string, segment: string): void {
  if (FIXED.test(segment) && !DOTS.test(segment)) return
  throw wrong(
    pattern,
    `has the segment ${JSON.stringify(segment)}, which never occurs like this in a request.url: ` +
      'percent-encode it, and use ":" and "*" for whole segments only',
  )
}

function twice(pattern: string, { route }: Leaf): TypeError {
  return wrong(pattern, `takes the same paths as ${JSON.stringify(route.pattern)}`)
}

function wrong(pattern: string, fault: string): TypeError {
  return new TypeError(`withmac: routes: the pattern ${JSON.stringify(pattern)} ${fault}.`)
}

function emptyNode(): Node {
  return { fixed: new Map(), param: null, here: null, rest: null }
}
