import { z } from 'zod'
import { optionsOf } from '../read-options.ts'
import type { Store } from '../store/types.ts'
import type { Resealed, ResealOptions } from '../types.ts'
import { readInput } from './input.ts'

const optionsSchema = optionsOf({
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
export async function resealCredentials(
  open: () => Promise<Store>,
  options: ResealOptions,
): Promise<Resealed> {
  const given = readInput('reseal', optionsSchema, options)
  return (await open()).reseal(given)
}
