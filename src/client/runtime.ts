import { COMMON_METHODS } from '../protocol/request-head.ts'

// What the client must know about Node, Bun and Deno. In browsers, `web/runtime.ts` replaces this file.

const { bun, undici } = process.versions

const RUNTIME = bun !== undefined ? `Bun ${bun}` : `Node ${process.versions.node}`

/** Measured on Bun 1.4.5: its fetch removes empty segments at the start of a path. */
const CUTS_SLASHES = bun !== undefined
/** Measured: the fetch of Node drops a lone `?` with undici 5 and 6 (Node 18 to 22), but not with 7. */
const DROPS_QUESTION_MARK = undici !== undefined && Number.parseInt(undici, 10) < 7

/** Returns how `fetch` of this runtime would change a target, and what to do; `null` if it does not. */
export function changeOfTarget(target: string): string | null {
  if (CUTS_SLASHES && target.startsWith('//')) {
    return `${RUNTIME} sends the path ${JSON.stringify(target)} with a single slash at its start. Remove the other slashes`
  }
  if (DROPS_QUESTION_MARK && /^[^?]*\?$/.test(target)) {
    return `${RUNTIME} does not send the "?" at the end of ${JSON.stringify(target)}. Remove it`
  }
  return null
}

/** Returns how `fetch` of this runtime would change a method, which is in upper case; `null` if it does not. */
export function changeOfMethod(method: string): string | null {
  if (COMMON_METHODS.has(method)) return null
  const { method: sent } = new Request('http://localhost/', { method })
  return sent === method
    ? null
    : `This runtime does not know the method ${method}, and would send ${sent}`
}

/** Returns the URL that relative URLs are resolved against; `undefined` if there is none. */
export function baseUrl(): string | undefined {
  return undefined
}
