import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { given } from '../option-names.ts'
import { forbiddenCharacter, nameCharacter, SCOPE_TOKEN } from '../protocol/characters.ts'
import { MAX_PLAUSIBLE_SECONDS } from '../protocol/parameters.ts'
import { isShortKey, MIN_KEY_BITS, maxKeyBits } from '../protocol/signature.ts'
import { optionsOf, readBy } from '../read-options.ts'
import type { RateLimit } from '../types.ts'

/**
 * The user a credential belongs to: a name, a number, or an object with an `id`, such as a row of your
 * users table. (The last type allows object literals with more properties than `id`.)
 */
export type User =
  | string
  | number
  | bigint
  | { readonly id: string | number | bigint }
  | { readonly id: string | number | bigint; readonly [property: string]: unknown }

/** A text that a database returns unchanged. A lone surrogate or a NUL might be changed. */
export const text: z.ZodString = z
  .string()
  .max(1024)
  .refine((value) => !/[\0\p{Surrogate}]/u.test(value), 'holds a character that cannot be stored')

const name = z.union([text.min(1), z.number(), z.bigint()], {
  error: 'must be a string that is not empty, or a number',
})
const USER = 'must be a string, a number, or an object with such an id'
const userSchema = z.union([name, z.object({ id: name }).transform(({ id }) => id)], {
  error: USER,
})

/**
 * Returns the user in the form that the store keeps.
 * @param who The name at the start of the error message.
 * @throws TypeError if it is not valid.
 */
export function readUser(user: unknown, who = 'the user'): string {
  return String(readInput(who, userSchema, user, 'user'))
}

/**
 * Checks a key identifier to look up. Without this check, an array or a function would reach the query.
 * @throws TypeError if it is not a string.
 */
export function readId(id: unknown): string {
  if (typeof id === 'string') return id
  throw new TypeError(
    `withmac: the id must be a string, the credential's key identifier, not ${given(id, true)}.`,
  )
}

const filterSchema = optionsOf({
  user: z.union([z.literal(''), userSchema], { error: USER }).optional(),
}).default({})

/**
 * Returns the user of a filter, or `null` for all.
 * @throws TypeError if the filter is not valid.
 */
export function readFilter(filter: unknown): string | null {
  const { user } = readInput('listCredentials', filterSchema, filter)
  return user === undefined ? null : String(user)
}

/**
 * Checks a value against a schema, and returns what the schema makes of it.
 * @throws TypeError that names what is wrong.
 */
export function readInput<Schema extends z.ZodType>(
  who: string,
  schema: Schema,
  value: unknown,
  at?: string,
): z.output<Schema> {
  return readBy(schema, value, (faults) => {
    const all = faults.map(({ place, fault }) => {
      const where = at === undefined || place === '' ? (at ?? place) : `${at}.${place}`
      // "id must be …", but "id: Unrecognized key …", which has its own subject.
      const joint = /^(?:must|holds|has) /.test(fault) ? ' ' : ': '
      return where === '' ? fault : `${where}${joint}${fault}`
    })
    return `${who}: ${all.join('; ')}`
  })
}

/** The year 2001, in seconds since 1970. A smaller number is probably a duration. */
const PLAUSIBLE_MOMENT = 1_000_000_000

/** A text for a header, or a key: only the characters of draft §3.1. */
export const plain: z.ZodString = z.string().superRefine((value, context) => {
  const forbidden = forbiddenCharacter(value)
  if (forbidden === null) return
  const message = `holds ${nameCharacter(forbidden)}; only printable ASCII without " and \\ is allowed (draft §3.1)`
  context.addIssue({ code: 'custom', message })
})

export const key: z.ZodString = plain.min(1).max(1024)

/** When a credential ends; `null` for never. */
export const moment: z.ZodType<Date | number | null> = z.union(
  [z.date(), z.number().min(0), z.null()],
  {
    error: 'must be a Date, seconds since 1970, or null for never',
  },
)

/** A note for people; `null` for none. */
export const label: z.ZodNullable<z.ZodString> = text.nullable()

/** A scope-token of RFC 6749 §3.3. It has no space and no quote, so scopes can be listed in one text. */
const scope = z
  .string()
  .regex(SCOPE_TOKEN, 'must be printable ASCII without space, " and \\ (RFC 6749 §3.3)')
  .max(256)

/** What a credential may be used for. Scopes that occur twice are kept once. */
export const scopes: z.ZodType<readonly string[]> = z
  .array(scope)
  .max(100)
  .transform((given): readonly string[] => Object.freeze([...new Set(given)]))

/** A rate limit for one credential; `null` for the limit of all credentials. */
export const rateLimit: z.ZodType<RateLimit | null> = optionsOf({
  requests: z.int().min(1).max(1_000_000_000),
  seconds: z.int().min(1).max(86_400),
}).nullable()

/**
 * Returns when a credential ends, in whole seconds since 1970.
 *
 * @param now The server's clock, in seconds since 1970.
 * @throws TypeError if the number looks like a duration, or like milliseconds.
 */
export function endOf(given: Date | number | null, now: number): number | null {
  if (given === null) return null
  if (given instanceof Date) return Math.floor(given.getTime() / 1000)
  if (given < PLAUSIBLE_MOMENT && now >= PLAUSIBLE_MOMENT) {
    throw new TypeError(
      `withmac: expires: ${given} is in the past, because seconds are counted from 1970. For ${given} ` +
        `seconds from now, pass Math.floor(Date.now() / 1000) + ${given}.`,
    )
  }
  if (given > MAX_PLAUSIBLE_SECONDS && now < MAX_PLAUSIBLE_SECONDS) {
    throw new TypeError(
      `withmac: expires: ${given} looks like milliseconds: pass a Date, or divide by 1000.`,
    )
  }
  return Math.floor(given)
}

/**
 * Returns the key that was passed, or a random one.
 *
 * @param who The name of the public function, for the error message.
 * @throws TypeError if the key is too short to be safe, unless `allowShortKey` is set.
 */
export function givenKey(
  who: string,
  { key, allowShortKey }: { readonly key?: string | undefined; readonly allowShortKey: boolean },
): string {
  if (key === undefined) return randomKey()
  if (allowShortKey || !isShortKey(key)) return key
  throw new TypeError(
    `withmac: ${who}: key can hold at most ${maxKeyBits(key)} bits, by its length and its characters, and ` +
      `could be guessed. Leave it out for a random one, or pass one of at least ${MIN_KEY_BITS} random bits: ` +
      '22 characters of base64url, or 32 of hex. allowShortKey: true allows any: for tests and published examples.',
  )
}

/** Returns a new MAC key: 256 random bits. */
export function randomKey(): string {
  return randomBytes(32).toString('base64url')
}
