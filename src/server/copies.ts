/** A loaded copy of this module. */
interface Copy {
  /** Whether this copy has verified a request. */
  readonly has: (request: object) => boolean
}

/** Under this symbol, all copies of withmac in a process know each other. Only messages depend on it. */
const COPIES = Symbol.for('withmac.copies')

let own: Copy | null = null

/** Registers this copy of withmac, so that another one can name the fault if it is asked for the identity. */
export function registerCopy(has: Copy['has']): void {
  if (own !== null) return
  own = { has }
  known().push(own)
}

/** Whether another copy of withmac has verified a request. */
export function isOfOtherCopy(request: object): boolean {
  return known().some((copy) => copy !== own && says(copy, request))
}

function says(copy: unknown, request: object): boolean {
  try {
    return (copy as Copy).has(request) === true
  } catch {
    return false
  }
}

/** A frozen global object has no place for them: then no copy is known. */
function known(): unknown[] {
  const shared = globalThis as { [COPIES]?: unknown }
  if (Array.isArray(shared[COPIES])) return shared[COPIES]
  const copies: unknown[] = []
  Reflect.defineProperty(globalThis, COPIES, { value: copies, configurable: true })
  return copies
}
