import { z } from 'zod'
import type { CheckOptions, MacOptions, WithMacOptions } from './options.ts'
import type { ForwardedFamily } from './protocol/forwarded.ts'
import { systemClock } from './server/clock.ts'
import { type OriginRule, originRule } from './server/signed-origin.ts'
import type { Durability } from './store/connection.ts'
import { type DatabaseSource, databaseSource, parseDatabaseUrl } from './store/database-source.ts'

/** What concerns a single handler: options checked, defaults filled in, frozen. */
export interface CheckSettings {
  readonly origin: OriginRule | null
  readonly trustProxy: ForwardedFamily | null
  readonly ext: CheckOptions['ext'] | null
  readonly onAccept: CheckOptions['onAccept'] | null
  readonly onReject: CheckOptions['onReject'] | null
}

/** All that a `Mac` is made with. */
export interface MacSettings extends CheckSettings {
  readonly database: DatabaseSource
  readonly durability: Durability
  readonly windowSeconds: number
  /** The largest clock difference that is learned or applied; 0 where none is. */
  readonly maxClockOffsetSeconds: number
  readonly now: () => number
}

/** All that a wrapped handler is made with, on top of its `Mac`. */
export interface WithMacSettings extends CheckSettings {
  readonly mode: 'required' | 'optional'
  readonly allowPreflight: boolean
  readonly requestTarget: WithMacOptions['requestTarget'] | null
}

const DEFAULT_DATABASE = 'sqlite:mac.db'

const callback = z.custom((value) => typeof value === 'function', 'must be a function').optional()

/** Lets a function report why it refuses a value: what it throws becomes the message. */
function checked<In, Out>(read: (value: In) => Out) {
  return (value: In, context: z.RefinementCtx): Out => {
    try {
      return read(value)
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : '' })
      return z.NEVER
    }
  }
}

const check = {
  origin: z.unknown().transform(checked(originRule)).optional(),
  trustProxy: z.union([z.boolean(), z.enum(['forwarded', 'x-forwarded'])]).default(false),
  ext: callback,
  onAccept: callback,
  onReject: callback,
}

const macSchema = z.strictObject({
  ...check,
  database: z.unknown().transform(checked(databaseSource)).optional(),
  durability: z.enum(['full', 'normal']).default('full'),
  windowSeconds: z.int().min(1).max(86_400).default(300),
  clockOffset: z
    .union([z.literal(false), z.strictObject({ maxSeconds: z.int().min(1).max(315_360_000) })], {
      error: 'must be false or { maxSeconds } with a whole number of seconds',
    })
    .default(false),
  now: callback,
})

const withMacSchema = z.strictObject({
  ...check,
  mode: z.enum(['required', 'optional']).default('required'),
  allowPreflight: z.boolean().default(false),
  requestTarget: callback,
})

/**
 * Checks the options of `createMac`.
 * @throws TypeError that names each option that is wrong.
 */
export function macSettings(options: MacOptions): MacSettings {
  const given = read(macSchema, options, 'createMac')
  const database = given.database ?? defaultDatabase()
  if (options.durability !== undefined && !('path' in database)) {
    throw new TypeError(
      'withmac: durability goes with a database URL: a Kysely of your own is as durable as you set it up.',
    )
  }
  return Object.freeze({
    ...checkSettings(given, options),
    database,
    durability: given.durability,
    windowSeconds: given.windowSeconds,
    maxClockOffsetSeconds: given.clockOffset === false ? 0 : given.clockOffset.maxSeconds,
    now: options.now ?? systemClock,
  })
}

/**
 * Checks the options of `withMac`; what they leave out is taken from the `Mac`.
 * @throws TypeError that names each option that is wrong.
 */
export function withMacSettings(options: WithMacOptions, mac: CheckSettings): WithMacSettings {
  const given = read(withMacSchema, options, 'withMac')
  const own = checkSettings(given, options)
  const placed = options.origin !== undefined || options.trustProxy !== undefined
  return Object.freeze({
    origin: placed ? own.origin : mac.origin,
    trustProxy: placed ? own.trustProxy : mac.trustProxy,
    ext: own.ext ?? mac.ext,
    onAccept: own.onAccept ?? mac.onAccept,
    onReject: own.onReject ?? mac.onReject,
    mode: given.mode,
    allowPreflight: given.allowPreflight,
    requestTarget: options.requestTarget ?? null,
  })
}

interface CheckedOrigin {
  readonly origin?: OriginRule | undefined
  readonly trustProxy: boolean | 'forwarded' | 'x-forwarded'
}

function checkSettings(given: CheckedOrigin, options: CheckOptions): CheckSettings {
  if (given.origin !== undefined && given.trustProxy !== false) {
    throw new TypeError('withmac: give either origin or trustProxy: with both, origin would win.')
  }
  return {
    origin: given.origin ?? null,
    trustProxy: given.trustProxy === true ? 'both' : given.trustProxy || null,
    ext: options.ext ?? null,
    onAccept: options.onAccept ?? null,
    onReject: options.onReject ?? null,
  }
}

function defaultDatabase(): DatabaseSource {
  const url = process.env.MAC_DATABASE_URL
  if (url === undefined || url === '') return parseDatabaseUrl(DEFAULT_DATABASE)
  try {
    return parseDatabaseUrl(url)
  } catch (cause) {
    throw new TypeError(`withmac: MAC_DATABASE_URL: ${(cause as Error).message}`, { cause })
  }
}

function read<Schema extends z.ZodType>(schema: Schema, options: unknown, who: string) {
  const result = schema.safeParse(options)
  if (result.success) return result.data
  const faults = result.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  )
  throw new TypeError(`withmac: wrong options for ${who}: ${faults.join('; ')}`)
}
