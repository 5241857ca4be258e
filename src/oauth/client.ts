import { createHash, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import {
  label,
  rateLimit,
  readInput,
  readUser,
  scopes,
  type User,
} from '../credentials/validate.ts'
import { optionsOf } from '../read-options.ts'
import type { RateLimit } from '../types.ts'

/** An authenticated client, and the settings for its credentials. */
export interface TokenClient {
  /** The user of the credential: `identity.user` of requests that are signed with it. */
  readonly user: User
  /** The scopes that the client may ask for. Default: none. */
  readonly scopes?: readonly string[] | undefined
  /** The scopes that it gets if it asks for none. They must be some of `scopes`. Default: all of `scopes`. */
  readonly scopesByDefault?: readonly string[] | undefined
  /** How many seconds its credentials are valid, 1 to 31,622,400. Default: as for the endpoint. */
  readonly expiresSeconds?: number | undefined
  /** A note for people, shown in lists of credentials. Default: the client's name. */
  readonly label?: string | null | undefined
  /**
   * The rate limit of each of its credentials, as for `createCredential`. Each credential has its own
   * count. A client may have many valid credentials, so it may send this many requests with each of them:
   * `issueLimit` and `expiresSeconds` bound their number. Default: the limit of all credentials.
   */
  readonly rateLimit?: RateLimit | null | undefined
}

/** An authenticated client that gets no credential. */
export interface RefusedClient {
  readonly error: 'unauthorized_client'
  /** The reason, sent to the client. Printable ASCII without `"` and `\`. */
  readonly description?: string | undefined
}

/** How many seconds a credential can be valid, at most a leap year. */
export const lifetime: z.ZodInt = z.int().min(1).max(31_622_400)

const refusedSchema = optionsOf({
  error: z.literal('unauthorized_client'),
  description: z
    .string()
    .regex(/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/, 'must be printable ASCII without " and \\')
    .default('The client may not have credentials.'),
})
const clientSchema = optionsOf({
  user: z.unknown().transform((given) => readUser(given, 'authenticateClient')),
  scopes: scopes.optional(),
  scopesByDefault: scopes.optional(),
  expiresSeconds: lifetime.optional(),
  label: label.optional(),
  rateLimit: rateLimit.optional(),
}).refine(
  ({ scopes = [], scopesByDefault = [] }) =>
    scopesByDefault.every((scope) => scopes.includes(scope)),
  { path: ['scopesByDefault'], message: 'must be some of scopes' },
)

/** A {@link TokenClient} whose options are checked. */
export type CheckedClient = TokenClient & { readonly user: string }

/**
 * Checks the result of `authenticateClient`. Returns `null` if the client is not authenticated.
 *
 * @throws TypeError if the result is not valid.
 */
export function readClient(
  given: unknown,
): CheckedClient | (RefusedClient & { readonly description: string }) | null {
  if (given === null || given === undefined) return null
  if (typeof given === 'object' && 'error' in given) {
    return readInput('authenticateClient', refusedSchema, given)
  }
  return readInput('authenticateClient', clientSchema, given)
}

/**
 * Whether a sent secret is equal to the stored one, for `authenticateClient`. The time that it takes does
 * not depend on the stored secret, nor on whether there is one.
 *
 * It does *not* protect weak secrets: it is fast, so they can be guessed. Use secrets of at least 128
 * random bits. Secrets that people chose need a slow hash instead.
 *
 * @param kept The stored secret. `null` or `undefined` if there is no such client: the result is `false`.
 *
 * @example
 * const authenticateClient = ({ clientId, clientSecret }) => {
 *   const client = clients.get(clientId)
 *   return secretsAreEqual(clientSecret, client?.secret) ? { user: client.user } : null
 * }
 */
export function secretsAreEqual(sent: string, kept: string | null | undefined): boolean {
  const equal = timingSafeEqual(digest(sent), digest(kept ?? ''))
  return equal && kept != null && kept !== ''
}

function digest(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest()
}
