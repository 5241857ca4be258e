import { setTimeout } from 'node:timers/promises'

/**
 * Collects garbage, so that what one run leaves is not collected in the time of the next. Bun's full
 * collection throws compiled code away as well: there it is asked for one without.
 */
export async function collectGarbage(): Promise<void> {
  if (process.versions.bun === undefined) return globalThis.gc?.()
  Bun.gc(false)
  await setTimeout(5)
}
