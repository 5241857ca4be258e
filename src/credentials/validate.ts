import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { given } from '../option-names.ts'
import { LATEST_PLAUSIBLE } from '../protocol/parameters.ts'
import { isShortKey, LEAST_KEY_BITS, mostKeyBits } from '../protocol/signature.ts'
import { forbiddenCharacter, nameCharacter, SCOPE_TOKEN } from '../protocol/text.ts'
import { optionsOf, readBy } from '../read-options.ts'
import type { RateLimit } from '../types.ts'

/**
 * Whom a credential speaks for: a name or number, or an object such as a row of your users table. The
 * last of these is for literals, of which TypeScript takes no properties but those that are named.
 */
export type User =
  | string
  | number
  | bigint
  | { readonly id: string | number | bigint }
  | { readonly id: string | number | bigint; readonly [property: string]: unknown }

/** Any text that a database gives back as it was: a lone surrogate or a NUL might not be. */
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
 * Whom a credential speaks for, as the store keeps it.
 * @param who Who is named where it cannot be used.
 * @throws TypeError
 */
export function readUser(user: unknown, who = 'the user'): string {
  return String(readInput(who, userSchema, user, 'user'))
}

/**
 * A key identifier to look up. Without this check, an array or a function would reach the query.
 * @throws TypeError
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
 * The user of a filter, or `null` for all.
 * @throws TypeError
 */
export function readFilter(filter: unknown): string | null {
  const { user } = readInput('listCredentials', filterSchema, filter)
  return user === undefined ? null : String(user)
}

/**
 * Checks what an application gave.
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
      // A clause that has a subject of its own is set apart.
      const joint = /^(?:must|holds|has) /.test(fault) ? ' ' : ': '
      return where === '' ? fault : `${where}${joint}${fault}`
    })
    return `${who}: ${all.join('; ')}`
  })
}

/** 2001, in seconds. A smaller number is more likely a duration than a moment. */
const PLAUSIBLE_MOMENT = 1_000_000_000

/** What travels in a header or is signed with: the characters of draft §3.1. */
export const plain: z.ZodString = z.string().superRefine((value, context) => {
  const forbidden = forbiddenCharacter(value)
  if (forbidden === null) return
  const message = `holds ${nameCharacter(forbidden)}; only printable ASCII without " and \\ can be used (draft §3.1)`
  context.addIssue({ code: 'custom', message })
})

/** A MAC key. */
export const key: z.ZodString = plain.min(1).max(1024)

/** A moment at which a credential ends, or never. */
export const moment: z.ZodType<Date | number | null> = z.union(
  [z.date(), z.number().min(0), z.null()],
  {
    error: 'must be a Date, seconds since 1970, or null for never',
  },
)

/** A note for people, or none. */
export const label: z.ZodNullable<z.ZodString> = text.nullable()

/** A scope-token of RFC 6749 §3.3: neither space nor quote, so that lists of them can be written. */
const scope = z
  .string()
  .regex(SCOPE_TOKEN, 'must be printable ASCII without space, " and \\ (RFC 6749 §3.3)')
  .max(256)

/** What a credential may be used for, each scope once. */
export const scopes: z.ZodType<readonly string[]> = z
  .array(scope)
  .max(100)
  .transform((given): readonly string[] => Object.freeze([...new Set(given)]))

/** How many requests are taken in how many seconds, or the server's own limit. */
export const rateLimit: z.ZodType<RateLimit | null> = optionsOf({
  requests: z.int().min(1).max(1_000_000_000),
  seconds: z.int().min(1).max(86_400),
}).nullable()

/**
 * A moment at which a credential ends, in whole seconds since 1970.
 *
 * @param now The server's clock, in the same.
 * @throws TypeError where the number is a duration, or milliseconds.
 */
export function endOf(given: Date | number | null, now: number): number | null {
  if (given === null) return null
  if (given instanceof Date) return Math.floor(given.getTime() / 1000)
  if (given < PLAUSIBLE_MOMENT && now >= PLAUSIBLE_MOMENT) {
    throw new TypeError(
      `withmac: expires: ${given} is a moment in 1970, since seconds count from then. For ${given} ` +
        `seconds from now pass Math.floor(Date.now() / 1000) + ${given}.`,
    )
  }
  if (given > LATEST_PLAUSIBLE && now < LATEST_PLAUSIBLE) {
    throw new TypeError(
      `withmac: expires: ${given} looks like milliseconds: pass a Date, or divide by 1000.`,
    )
  }
  return Math.floor(given)
}

/**
 * The key that was given, or a random one.
 *
 * @param who The function that it was given to.
 * @throws TypeError for a key that is too short to be safe, unless `allowShortKey` is set.
 */
export function givenKey(
  who: string,
  { key, allowShortKey }: { readonly key?: string | undefined; readonly allowShortKey: boolean },
): string {
  if (key === undefined) return randomKey()
  if (allowShortKey || !isShortKey(key)) return key
  throw new TypeError(
    `withmac: ${who}: key can hold ${mostKeyBits(key)} bits at most, by its length and its characters, and ` +
      `could be guessed. Leave it out for a random one, or give one of ${LEAST_KEY_BITS} random bits or more: ` +
      '22 characters of base64url, or 32 of hex. allowShortKey: true takes any: for tests and published examples.',
  )
}

/** A new MAC key: 256 random bits. */
export function randomKey(): string {
  return randomBytes(32).toString('base64url')
}
