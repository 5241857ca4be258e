import type { Mac } from './mac.ts'
import type { MacSettings } from './settings.ts'

/** By the `Mac` itself, for what is built on one. */
const kept = new WeakMap<Mac, MacSettings>()

/** Keeps what a `Mac` was made with. */
export function keepSettings(mac: Mac, settings: MacSettings): void {
  kept.set(mac, settings)
}

/**
 * What a `Mac` was made with.
 * @throws TypeError where it is none.
 */
export function settingsOf(mac: Mac): MacSettings {
  const settings = kept.get(mac)
  if (settings !== undefined) return settings
  throw new TypeError('withmac: that is no Mac, as createMac makes it, but perhaps a copy of one.')
}
