import type { MacFetch } from '../../client/index.ts'

/** A `fetch` that tells where it sends what is not signed, as redirects to another origin are. */
export function tellingUnsigned(send: MacFetch, tell: (origin: string) => void): MacFetch {
  return (input, init) => {
    if (!new Headers(init?.headers).has('authorization')) tell(new URL(String(input)).origin)
    return send(input, init)
  }
}
