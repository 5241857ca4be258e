import { z } from 'zod'
import { rateLimit } from '../credentials/fields.ts'
import { optionsOf } from '../read-options.ts'
import type { RateLimit } from '../types.ts'
import { type SharedStore, sharedStore } from './shared-store.ts'

/** What is limited, and where it is counted. */
export interface LimitSettings {
  /** Of a client's address. */
  readonly failures: RateLimit | null
  /** Of a credential that has no limit of its own. */
  readonly requests: RateLimit | null
  /** `null` for the memory of this process. */
  readonly store: SharedStore | null
}

/** Where the options say nothing, only credentials with a limit of their own are limited. */
export const NO_LIMITS: LimitSettings = Object.freeze({
  failures: null,
  requests: null,
  store: null,
})

const limit = rateLimit.optional().transform((given) => given ?? null)

/** Reads the option `rateLimit`. */
export const limitSettings: z.ZodType<LimitSettings, unknown> = optionsOf({
  failures: limit,
  requests: limit,
  store: z
    .unknown()
    .transform((given, context): SharedStore | null => {
      try {
        return given === undefined ? null : sharedStore(given)
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message })
        return z.NEVER
      }
    })
    .optional()
    .transform((given) => given ?? null),
})
