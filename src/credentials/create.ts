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
   * The MAC key: 128 random bits or more, which take 22 characters of base64url or 32 of hex; a key that
   * is too short for that is an error. Default: 256 random bits. Never the key of another credential: the MAC does not cover
   * the identifier, so requests of the one could be passed on as the other's.
   */
  readonly key?: string | undefined
  /**
   * Takes a `key` that cannot hold 128 bits, and could be guessed: for tests, and for the keys of published
   * examples. Default: `false`, and then it is an error. Keys that are stored already work as they are.
   */
  readonly allowShortKey?: boolean | undefined
  /** Default: `hmac-sha-256`. */
  readonly algorithm?: MacAlgorithm | undefined
  /** A moment, as a `Date` or in seconds since 1970, or `null` for never. Default: in a day. */
  readonly expires?: Date | number | null | undefined
  /** A note for people, such as "laptop". */
  readonly label?: string | null | undefined
  /**
   * What it may be used for: strings without space and quotes (RFC 6749 §3.3), such as `orders:read`.
   * They count where `withMac` has the option `scope`. Default: none.
   */
  readonly scopes?: readonly string[] | undefined
  /**
   * How many requests are taken from it in how many seconds, in place of what `rateLimit` of
   * `createMac` says for all. Default: `null`, the same as all.
   */
  readonly rateLimit?: RateLimit | null | undefined
  /**
   * Removes it a day after it has expired, with no row in the history: for credentials that machines
   * make in numbers. Needs `expires`. It moves with the end, and is over for good where the end is taken
   * away, or the credential revoked. Default: `false`.
   */
  readonly removeWhenExpired?: boolean | undefined
  /**
   * What to do where the identifier is taken: `error`, or `keep` what is there, which makes a seed
   * script repeatable. Default: `error`.
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
 * The credential that options ask for, as it would be stored. Nothing is stored yet.
 *
 * @param now The server's clock, in seconds since 1970.
 * @throws TypeError where the user or an option cannot be used; it names the character at fault.
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
 * Makes a credential and stores it.
 *
 * @param now The server's clock, in seconds since 1970.
 * @throws TypeError as {@link readCredential} does.
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
    return `There is a credential ${shown} already. Pass ifExists: "keep" to leave it as it is, or delete it first.`
  }
  return `There is a credential ${shown} already, and it speaks for another user. Choose another id, or delete it first.`
}
