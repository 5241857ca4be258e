import { z } from 'zod'
import { given } from '../option-names.ts'
import { optionsOf, readBy } from '../read-options.ts'

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
