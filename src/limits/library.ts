type Library = typeof import('rate-limiter-flexible')

let loading: Promise<Library> | null = null

/** rate-limiter-flexible. To load it takes some 50 ms: that waits until something is limited. */
export function library(): Promise<Library> {
  loading ??= import('rate-limiter-flexible')
  return loading
}

/** All that it is told of a budget: how large one is, is held against what it counted. */
export const ANY_BUDGET: Readonly<Record<'points' | 'duration', number> & { keyPrefix: string }> =
  Object.freeze({ points: 1, duration: 60, keyPrefix: 'withmac' })
