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
import { TokenRefusal } from './answer.ts'

/** A client that proved who it is, and what its credentials are to be like. */
export interface TokenClient {
  /** Whom the credential speaks for: `identity.user` of what it signs. */
  readonly user: User
  /** The scopes that the client may ask for. Default: none. */
  readonly scopes?: readonly string[] | undefined
  /** Those that it gets where it asks for none, some of `scopes`. Default: all of them. */
  readonly scopesByDefault?: readonly string[] | undefined
  /** How long its credentials are valid, 1 to 31,622,400. Default: that of the endpoint. */
  readonly expiresSeconds?: number | undefined
  /** A note for people, which lists of credentials show. Default: the client's name. */
  readonly label?: string | null | undefined
  /**
   * A rate limit of its credentials' own, as `createCredential` has it. Each credential is counted by
   * itself, and the client may have many at once: all together may do as much as this times as many as
   * are valid, which `issueLimit` and `expiresSeconds` bound. Default: that of all.
   */
  readonly rateLimit?: RateLimit | null | undefined
}

/** A client that proved who it is, and gets no credential all the same. */
export interface RefusedClient {
  readonly error: 'unauthorized_client'
  /** Is told to the client: printable ASCII without `"` and `\`. */
  readonly description?: string | undefined
}

/** How long a credential can be valid: a leap year. */
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

/**
 * Reads what `authenticateClient` gave; `null` where it says that the client is none.
 *
 * @throws TypeError for what is none of it, {@link TokenRefusal} for a {@link RefusedClient}.
 */
export function readClient(given: unknown): (TokenClient & { readonly user: string }) | null {
  if (given === null || given === undefined) return null
  if (typeof given === 'object' && 'error' in given) {
    const { error, description } = readInput('authenticateClient', refusedSchema, given)
    throw new TokenRefusal(error, description)
  }
  return readInput('authenticateClient', clientSchema, given)
}

/**
 * Compares a secret that was sent with the one that is kept, for `authenticateClient`. The time that
 * it takes tells nothing of the secret that is kept, nor whether there is one.
 *
 * It does *not* make weak secrets strong: they are compared as fast as any. Let clients have 128
 * random bits or more; secrets that people chose belong through a slow hash instead.
 *
 * @param kept `null` or `undefined` where there is no such client: the answer is `false`.
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
