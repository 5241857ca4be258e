import { setTimeout } from 'node:timers/promises'

/**
 * Collects garbage, so that the garbage of one run is not collected in the time of the next. The full
 * collection of Bun also removes compiled code, so this asks Bun for a smaller one.
 */
export async function collectGarbage(): Promise<void> {
  if (process.versions.bun === undefined) return globalThis.gc?.()
  Bun.gc(false)
  await setTimeout(5)
}
