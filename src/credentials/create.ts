import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { MacError } from '../errors.ts'
import { MAX_ID_LENGTH } from '../protocol/parameters.ts'
import { MAC_ALGORITHMS, type MacAlgorithm } from '../protocol/signature.ts'
import { optionsOf } from '../read-options.ts'
import type { KeylessCredential, OpenCredentials, StoredCredential } from '../store/types.ts'
import type { RateLimit } from '../types.ts'
import { fromStored, type KeptCredential, type NewCredential } from './credential.ts'
import {
  endOf,
  givenKey,
  key,
  label,
  moment,
  plain,
  rateLimit,
  readInput,
  readUser,
  scopes,
  type User,
} from './validate.ts'

/** The options of `createCredential`. */
export interface CreateOptions {
  /** The MAC key identifier. Default: 96 random bits. */
  readonly id?: string | undefined
  /**
   * The MAC key: at least 128 random bits, which take 22 characters of base64url or 32 of hex. A key that
   * is too short for that is an error. Default: 256 random bits.
   *
   * Do not use the key of another credential: the MAC does not cover the identifier, so an attacker could
   * send a request of one credential as a request of the other.
   */
  readonly key?: string | undefined
  /**
   * Allows a `key` that is too short for 128 bits and could be guessed: for tests, and for the keys of
   * published examples. Default: `false`, so such a key is an error. Short keys that are stored already
   * keep working.
   */
  readonly allowShortKey?: boolean | undefined
  /** The MAC algorithm. Default: `hmac-sha-256`. */
  readonly algorithm?: MacAlgorithm | undefined
  /** When it expires: a `Date`, seconds since 1970, or `null` for never. Default: in a day. */
  readonly expires?: Date | number | null | undefined
  /** A note for people, such as "laptop". */
  readonly label?: string | null | undefined
  /**
   * What it may be used for: strings without space and quotes (RFC 6749 §3.3), such as `orders:read`.
   * They are checked only if `withMac` has the option `scope`. Default: none.
   */
  readonly scopes?: readonly string[] | undefined
  /**
   * A rate limit for this credential only, instead of the option `rateLimit` of `createMac`. Default:
   * `null`, the limit of all credentials.
   */
  readonly rateLimit?: RateLimit | null | undefined
  /**
   * Removes the credential a day after it has expired, without an event in the history: for large numbers
   * of credentials that a program creates. Cannot be combined with `expires: null`. If the end is moved,
   * the removal moves with it. If the credential is revoked, or its end becomes `null`, it is no longer
   * removed, not even if it gets an end later. Default: `false`.
   */
  readonly removeWhenExpired?: boolean | undefined
  /**
   * What to do if the identifier is taken: `error` throws; `keep` returns the credential that exists, if it
   * is of the same user, so that a seed script can run again. Default: `error`.
   */
  readonly ifExists?: 'error' | 'keep' | undefined
}

const DAY = 86_400

const optionsSchema = optionsOf({
  id: plain.min(1).max(MAX_ID_LENGTH).optional(),
  key: key.optional(),
  allowShortKey: z.boolean().default(false),
  algorithm: z.enum(MAC_ALGORITHMS).default('hmac-sha-256'),
  expires: moment.optional(),
  label: label.default(null),
  scopes: scopes.default([]),
  rateLimit: rateLimit.default(null),
  removeWhenExpired: z.boolean().default(false),
  ifExists: z.enum(['error', 'keep']).default('error'),
})

/**
 * Returns the credential for these options, in the form in which it is stored. It does *not* store it.
 *
 * @param now The server's clock, in seconds since 1970.
 * @throws TypeError if the user or an option is not valid. The message names a character that is not
 *   allowed.
 */
export function readCredential(now: number, user: User, options: CreateOptions): StoredCredential {
  const given = readInput('createCredential', optionsSchema, options)
  const expires = given.expires === undefined ? now + DAY : endOf(given.expires, now)
  if (given.removeWhenExpired && expires === null) {
    throw new TypeError('withmac: removeWhenExpired needs a credential that expires.')
  }
  if (given.ifExists === 'keep' && given.id === undefined) {
    throw new TypeError('withmac: ifExists: "keep" needs an id: a random one never exists.')
  }
  return {
    id: given.id ?? randomBytes(12).toString('hex'),
    user: readUser(user, 'createCredential'),
    key: givenKey('createCredential', given),
    algorithm: given.algorithm,
    label: given.label,
    created: now,
    expires,
    revoked: null,
    disabled: null,
    clockOffset: null,
    scopes: given.scopes,
    rateLimit: given.rateLimit,
    keyNumber: 1,
    rotated: null,
    oldKey: null,
    removeAt: given.removeWhenExpired && expires !== null ? expires + DAY : null,
  }
}

/**
 * Creates a credential and stores it.
 *
 * @param now The server's clock, in seconds since 1970.
 * @throws TypeError See {@link readCredential}.
 * @throws {@link MacError} `ERR_MAC_CREDENTIAL_EXISTS`, `ERR_MAC_STORE`.
 */
export async function createCredential(
  open: OpenCredentials,
  now: number,
  user: User,
  options: CreateOptions,
): Promise<NewCredential | KeptCredential> {
  const stored = readCredential(now, user, options)
  const keep = options.ifExists === 'keep'
  const store = await open()
  if (await store.insert(stored)) {
    return Object.freeze({ ...fromStored(stored, undefined), key: stored.key })
  }
  const existing = await store.find(stored.id)
  if (keep && existing?.user === stored.user) {
    const usage = await store.usage(now, existing.id)
    return Object.freeze({ ...fromStored(existing, usage.get(existing.id)), key: null })
  }
  throw new MacError('ERR_MAC_CREDENTIAL_EXISTS', taken(stored, existing))
}

function taken({ id, user }: KeylessCredential, existing: KeylessCredential | null): string {
  const shown = JSON.stringify(id)
  if (existing === null || existing.user === user) {
    return `The credential ${shown} exists already. Pass ifExists: "keep" to leave it as it is, or delete it first.`
  }
  return `The credential ${shown} exists already, and belongs to another user. Choose another id, or delete it first.`
}
