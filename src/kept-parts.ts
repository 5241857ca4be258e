import type { Limits } from './limits/limits.ts'
import type { Mac } from './mac.ts'
import type { MacSettings } from './settings.ts'

/** What of a `Mac` is of use to what is built on one. */
export interface MacParts {
  readonly settings: MacSettings
  readonly limits: Limits
}

/** By the `Mac` itself. */
const kept = new WeakMap<Mac, MacParts>()

/** Keeps what a `Mac` was made of. */
export function keepParts(mac: Mac, parts: MacParts): void {
  kept.set(mac, parts)
}

/**
 * What a `Mac` was made of.
 * @throws TypeError where it is none.
 */
export function partsOf(mac: Mac): MacParts {
  const parts = kept.get(mac)
  if (parts !== undefined) return parts
  throw new TypeError('withmac: that is no Mac, as createMac makes it, but perhaps a copy of one.')
}
