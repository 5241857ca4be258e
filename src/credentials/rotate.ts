import { z } from 'zod'
import { MacError } from '../errors.ts'
import { MAC_ALGORITHMS, type MacAlgorithm } from '../protocol/signature.ts'
import { optionsOf } from '../read-options.ts'
import type { Edited, KeylessCredential, OpenCredentials } from '../store/types.ts'
import { checkNotRevoked, endingAt, unknown } from './change.ts'
import { fromStored, type NewCredential } from './credential.ts'
import { endOf, givenKey, key, moment, readId, readInput } from './validate.ts'

/** The options of `rotateCredential`. */
export interface RotateOptions {
  /**
   * How long the current key stays valid beside the new one, in seconds, at most a year. 0 ends all keys
   * but the new one at once: for a key that has leaked. Default: 86,400, a day.
   */
  readonly graceSeconds?: number | undefined
  /** The new MAC key. The same rules as for `createCredential` apply. Default: 256 random bits. */
  readonly key?: string | undefined
  /**
   * Allows a `key` that is too short for 128 bits and could be guessed: for tests, and for the keys of
   * published examples. Default: `false`, so such a key is an error. Short keys that are stored already
   * keep working.
   */
  readonly allowShortKey?: boolean | undefined
  /** The MAC algorithm of the new key. Default: that of the current key. */
  readonly algorithm?: MacAlgorithm | undefined
  /** When the credential expires: a `Date`, seconds since 1970, or `null` for never. Default: as before. */
  readonly expires?: Date | number | null | undefined
  /**
   * Ends an old key that is still in its grace. A credential has at most two keys. Default: `false`, so a
   * second rotation during a grace is an error.
   */
  readonly endEarlierGrace?: boolean | undefined
}

const DAY = 86_400
const YEAR = 366 * DAY

const optionsSchema = optionsOf({
  graceSeconds: z.int().min(0).max(YEAR).default(DAY),
  key: key.optional(),
  allowShortKey: z.boolean().default(false),
  algorithm: z.enum(MAC_ALGORITHMS).optional(),
  expires: moment.optional(),
  endEarlierGrace: z.boolean().default(false),
})

/**
 * Gives a credential a new key. The current key stays valid until its grace ends.
 *
 * @param exactly The server's clock, in seconds since 1970, with fractions.
 * @param expectedKey The number of the key to replace. With another current key, nothing is done.
 * @throws TypeError if an option is not valid.
 * @throws {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`; `ERR_MAC_CREDENTIAL_ENDED` if the credential was
 *   revoked or has expired; `ERR_MAC_CREDENTIAL_ROTATED` if an old key is still in its grace.
 */
export async function rotateCredential(
  open: OpenCredentials,
  exactly: number,
  id: string,
  options: RotateOptions,
  expectedKey?: number,
): Promise<NewCredential> {
  const given = readInput('rotateCredential', optionsSchema, options)
  const now = Math.floor(exactly)
  const expires = given.expires === undefined ? undefined : endOf(given.expires, now)
  if (typeof expires === 'number' && expires <= now) {
    throw new TypeError(
      'withmac: rotateCredential: expires is in the past. To end the credential now, call revokeCredential or disableCredential.',
    )
  }
  const written = givenKey('rotateCredential', given)
  const { graceSeconds } = given
  // Rounded up, so that the grace is never shorter than asked for.
  const until = graceSeconds === 0 ? null : Math.ceil(exactly) + graceSeconds

  const known = readId(id)
  const store = await open()
  const usedBefore = (await store.usage(now, known)).get(known)?.used
  let same = false
  const rotated = await store.edit(known, now, (credential, isKey): Edited | null => {
    checkNotRevoked(credential)
    if (expectedKey !== undefined && credential.keyNumber !== expectedKey) {
      throw rotatedMeanwhile(credential)
    }
    const end = expires === undefined ? credential.expires : expires
    if (end !== null && end <= now) throw expired(credential.id)
    if (graceSeconds > 0 && !given.endEarlierGrace) checkNoOldKey(credential, now)
    same = given.key !== undefined && isKey(given.key)
    if (same) return null
    const { algorithm } = credential
    const after: KeylessCredential = {
      ...endingAt(credential, end),
      algorithm: given.algorithm ?? algorithm,
      keyNumber: credential.keyNumber + 1,
      rotated: now,
      oldKey: until === null ? null : { algorithm, until },
    }
    const detail = {
      ...{ keyNumber: after.keyNumber, graceEnds: until, expires: end },
      oldKeyLastUsed: usedBefore?.get(credential.keyNumber) ?? null,
    }
    return { credential: after, key: written, action: 'rotated', detail }
  })
  if (rotated === null) throw unknown(id)
  if (same) {
    throw new TypeError(
      'withmac: rotateCredential: key is the current key. Pass another key, or leave it out for a random one.',
    )
  }
  const usage = await store.usage(now, id)
  return Object.freeze({ ...fromStored(rotated, usage.get(id)), key: written })
}

function checkNoOldKey({ id, oldKey }: KeylessCredential, now: number): void {
  if (oldKey === null || oldKey.until <= now) return
  const ends = new Date(oldKey.until * 1000).toISOString()
  throw new MacError(
    'ERR_MAC_CREDENTIAL_ROTATED',
    `The credential ${JSON.stringify(id)} still has an old key, whose grace ends at ${ends}. Wait until ` +
      'then, or end it now with endEarlierGrace: true. graceSeconds: 0 ends all keys but the new one.',
  )
}

function rotatedMeanwhile({ id, keyNumber }: KeylessCredential): MacError {
  return new MacError(
    'ERR_MAC_CREDENTIAL_ROTATED',
    `The credential ${JSON.stringify(id)} was rotated meanwhile: its current key is number ${keyNumber}.`,
  )
}

function expired(id: string): MacError {
  return new MacError(
    'ERR_MAC_CREDENTIAL_ENDED',
    `The credential ${JSON.stringify(id)} has expired, so its new key would not be valid. Pass expires as well.`,
  )
}
