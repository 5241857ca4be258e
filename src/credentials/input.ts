import { z } from 'zod'

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

const name = z.union([text.min(1, 'must not be empty'), z.number(), z.bigint()])
const userSchema = z.union([name, z.object({ id: name }).transform(({ id }) => id)], {
  error: 'must be a string, a number, or an object with such an id',
})

/**
 * Whom a credential speaks for, as the store keeps it.
 * @throws TypeError
 */
export function readUser(user: unknown): string {
  return String(readInput('the user', userSchema, user, 'user'))
}

/**
 * A key identifier to look up. Without this check, an array or a function would reach the query.
 * @throws TypeError
 */
export function readId(id: unknown): string {
  if (typeof id === 'string') return id
  throw new TypeError(`withmac: the id must be a string, the credential's key identifier.`)
}

const filterSchema = z
  .strictObject({ user: z.union([z.literal(''), userSchema]).optional() })
  .default({})

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
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const faults = result.error.issues.map(({ path, message }) => {
    const place = at ?? path.join('.')
    return place === '' ? message : `${place} ${message}`
  })
  throw new TypeError(`withmac: ${who}: ${faults.join('; ')}`)
}
