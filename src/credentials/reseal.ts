import { z } from 'zod'
import type { Resealed, ResealOptions } from '../store/sealing/reseal.ts'
import type { Store } from '../store/store.ts'
import { readInput } from './input.ts'

const optionsSchema = z.strictObject({
  onProgress: z
    .custom<NonNullable<ResealOptions['onProgress']>>(
      (value) => typeof value === 'function',
      'must be a function',
    )
    .optional(),
  vacuum: z.boolean().optional(),
})

/**
 * Brings all keys under the current sealing key.
 * @throws TypeError where an option cannot be used, or there is no sealing key.
 */
export async function resealCredentials(store: Store, options: ResealOptions): Promise<Resealed> {
  return store.reseal(readInput('reseal', optionsSchema, options))
}
