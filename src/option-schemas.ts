import { z } from 'zod'
import { type LimitSettings, limitSettings } from './limits/limits.ts'
import type { CheckOptions } from './options.ts'
import { checked, optionsOf, readOptions } from './read-options.ts'
import type { BodyRule } from './server/body.ts'
import { type ScopeRule, scopeRule } from './server/scope.ts'
import { type OriginRule, originRule } from './server/signed-origin.ts'
import { type DatabaseSource, databaseSource } from './store/database-url.ts'
import { MOST_FINGERPRINTS } from './store/fingerprints.ts'
import { type SealerSource, sealerSource } from './store/sealing/sealing-source.ts'

/** What was given of where the origin comes from. */
export interface GivenOrigin {
  readonly origin?: OriginRule | undefined
  readonly trustProxy: NonNullable<CheckOptions['trustProxy']>
}

/** What was given for a single handler; functions are taken from the options themselves. */
export interface GivenCheckOptions extends GivenOrigin {
  readonly body?: BodyRule['body'] | undefined
  readonly maxBodyBytes?: number | undefined
}

/** What was given to `createMac`. */
export interface GivenMacOptions extends GivenCheckOptions {
  readonly database?: DatabaseSource | undefined
  readonly windowSeconds: number
  readonly maxNoncesInMemory: number
  readonly clockOffset: false | { readonly maxSeconds: number }
  readonly sealingKey?: SealerSource | undefined
  readonly rateLimit: LimitSettings
}

/** What was given to `withMac`. */
export interface GivenWithMacOptions extends GivenCheckOptions {
  readonly mode: 'required' | 'optional'
  readonly allowPreflight: boolean
  readonly scope?: ScopeRule | undefined
}

/** A function, or nothing. */
export const callback: z.ZodType<unknown> = z
  .custom((value) => typeof value === 'function', 'must be a function')
  .optional()

/** Where the origin that clients speak to comes from. */
export const originOptions: {
  readonly origin: z.ZodType<OriginRule | undefined>
  readonly trustProxy: z.ZodType<GivenOrigin['trustProxy']>
} = {
  origin: z.unknown().transform(checked(originRule)).optional(),
  trustProxy: z
    .union([z.boolean(), z.enum(['forwarded', 'x-forwarded'])], {
      error: 'must be true, false, "forwarded" or "x-forwarded"',
    })
    .default(false),
}

const check = {
  ...originOptions,
  body: z.enum(['required', 'optional', 'ignore']).optional(),
  maxBodyBytes: z.int().min(0).optional(),
  ext: callback,
  clientAddress: callback,
  onAccept: callback,
  onReject: callback,
  debug: z.boolean().optional(),
  debugEvenInProduction: z.boolean().optional(),
}

const macSchema = optionsOf({
  ...check,
  database: z.unknown().transform(checked(databaseSource)).optional(),
  windowSeconds: z.int().min(1).max(86_400).default(300),
  maxNoncesInMemory: z
    .int()
    .min(1000)
    .max(2 ** 30)
    .default(MOST_FINGERPRINTS),
  clockOffset: z
    .union([z.literal(false), optionsOf({ maxSeconds: z.int().min(1).max(315_360_000) })], {
      error: 'must be false or { maxSeconds } with a whole number of seconds',
    })
    .default(false),
  sealingKey: z.unknown().transform(checked(sealerSource)).optional(),
  rateLimit: limitSettings,
  now: callback,
})

const withMacSchema = optionsOf({
  ...check,
  mode: z.enum(['required', 'optional']).default('required'),
  allowPreflight: z.boolean().default(false),
  requestTarget: callback,
  scope: z.unknown().transform(checked(scopeRule)).optional(),
})

/**
 * Checks the options of `createMac` one by one.
 * @param who Who is named where one is wrong.
 * @throws TypeError that names each one that is wrong.
 */
export function readMacOptions(options: unknown, who: string): GivenMacOptions {
  return readOptions(macSchema, options, who)
}

/**
 * Checks the options of `withMac` or `routes` one by one.
 * @param who Which of the two is named if one is wrong.
 * @throws TypeError that names each one that is wrong.
 */
export function readWithMacOptions(options: unknown, who: string): GivenWithMacOptions {
  return readOptions(withMacSchema, options, who)
}
