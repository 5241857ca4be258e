import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { MacError } from '../errors.ts'
import { MAC_ALGORITHMS, type MacAlgorithm } from '../protocol/algorithm.ts'
import { forbiddenCharacter, nameCharacter } from '../protocol/characters.ts'
import { LATEST_PLAUSIBLE, MAX_ID_LENGTH } from '../protocol/parameters.ts'
import type { CredentialStore, StoredCredential } from '../store/store.ts'
import { fromStored, type KeptCredential, type NewCredential } from './credential.ts'
import { readInput, readUser, text, type User } from './input.ts'

/** The options of `createCredential`. */
export interface CreateOptions {
  /** The MAC key identifier. Default: 96 random bits. */
  readonly id?: string | undefined
  /**
   * The MAC key. Default: 256 random bits. Never the key of another credential: the MAC does not cover
   * the identifier, so requests of the one could be passed on as the other's.
   */
  readonly key?: string | undefined
  /** Default: `hmac-sha-256`. */
  readonly algorithm?: MacAlgorithm | undefined
  /** A moment, as a `Date` or in seconds since 1970, or `null` for never. Default: in a day. */
  readonly expires?: Date | number | null | undefined
  /** A note for people, such as "laptop". */
  readonly label?: string | null | undefined
  /**
   * What to do where the identifier is taken: `error`, or `keep` what is there, which makes a seed
   * script repeatable. Default: `error`.
   */
  readonly ifExists?: 'error' | 'keep' | undefined
}

const DAY = 86_400
/** 2001, in seconds. A smaller number is more likely a duration than a moment. */
const PLAUSIBLE_MOMENT = 1_000_000_000

const plain = z.string().superRefine((value, context) => {
  const forbidden = forbiddenCharacter(value)
  if (forbidden === null) return
  const message = `holds ${nameCharacter(forbidden)}; only printable ASCII without " and \\ can be used (draft §3.1)`
  context.addIssue({ code: 'custom', message })
})

const optionsSchema = z.strictObject({
  id: plain.min(1).max(MAX_ID_LENGTH).optional(),
  key: plain.min(1).max(1024).optional(),
  algorithm: z.enum(MAC_ALGORITHMS).default('hmac-sha-256'),
  expires: z
    .union([z.date(), z.number().min(0), z.null()], {
      error: 'must be a Date, seconds since 1970, or null for never',
    })
    .optional(),
  label: text.nullable().default(null),
  ifExists: z.enum(['error', 'keep']).default('error'),
})

/**
 * Makes a credential and stores it.
 *
 * @param now The server's clock, in seconds since 1970.
 * @throws TypeError where the user or an option cannot be used; it names the character at fault.
 * @throws {@link MacError} `ERR_MAC_CREDENTIAL_EXISTS`, `ERR_MAC_STORE`.
 */
export async function createCredential(
  store: CredentialStore,
  now: number,
  user: User,
  options: CreateOptions,
): Promise<NewCredential | KeptCredential> {
  const given = readInput('createCredential', optionsSchema, options)
  const stored: StoredCredential = {
    id: given.id ?? randomBytes(12).toString('hex'),
    user: readUser(user),
    key: given.key ?? randomBytes(32).toString('base64url'),
    algorithm: given.algorithm,
    label: given.label,
    created: now,
    expires: expiry(given.expires, now),
    revoked: null,
    disabled: null,
    clockOffset: null,
    scopes: [],
    rateLimit: null,
    keyNumber: 1,
    rotated: null,
    oldKey: null,
    removeAt: null,
  }
  if (given.ifExists === 'keep' && given.id === undefined) {
    throw new TypeError('withmac: ifExists: "keep" needs an id: a random one never exists.')
  }
  if (await store.insert(stored)) return Object.freeze({ ...fromStored(stored), key: stored.key })
  const existing = await store.find(stored.id)
  if (given.ifExists === 'keep' && existing?.user === stored.user) {
    return Object.freeze({ ...fromStored(existing), key: null })
  }
  throw new MacError('ERR_MAC_CREDENTIAL_EXISTS', taken(stored, existing))
}

function expiry(given: Date | number | null | undefined, now: number): number | null {
  if (given === null) return null
  if (given === undefined) return now + DAY
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

function taken({ id, user }: StoredCredential, existing: StoredCredential | null): string {
  const shown = JSON.stringify(id)
  if (existing === null || existing.user === user) {
    return `There is a credential ${shown} already. Pass ifExists: "keep" to leave it as it is, or delete it first.`
  }
  return `There is a credential ${shown} already, and it speaks for another user. Choose another id, or delete it first.`
}
