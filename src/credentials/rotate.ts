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
   * How long the key of today stays valid beside the new one, in seconds, up to a year. 0 ends it, and
   * an earlier one in its grace, at once: for a key that has leaked. Default: 86,400, a day.
   */
  readonly graceSeconds?: number | undefined
  /** The new MAC key, as `createCredential` takes it. Default: 256 random bits. */
  readonly key?: string | undefined
  /**
   * Takes a `key` that cannot hold 128 bits, and could be guessed: for tests, and for the keys of published
   * examples. Default: `false`, and then it is an error. Keys that are stored already work as they are.
   */
  readonly allowShortKey?: boolean | undefined
  /** What the new key signs with. Default: the same as the key of today. */
  readonly algorithm?: MacAlgorithm | undefined
  /** A new end of the credential, as `createCredential` takes it. Default: it stays as it is. */
  readonly expires?: Date | number | null | undefined
  /**
   * Lets an earlier key go at once that is still in its grace: a credential has two keys at the most.
   * Default: `false`, and then that is an error.
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
 * Gives a credential a new key; the one of today stays valid until its grace has ended.
 *
 * @param exactly The server's clock, in seconds since 1970, with what is left of the second.
 * @throws TypeError where an option cannot be used.
 * @throws {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`; `ERR_MAC_CREDENTIAL_ENDED` for one that was
 *   revoked or has expired; `ERR_MAC_CREDENTIAL_ROTATED` where an earlier key is still in its grace.
 */
export async function rotateCredential(
  open: OpenCredentials,
  exactly: number,
  id: string,
  options: RotateOptions,
): Promise<NewCredential> {
  const given = readInput('rotateCredential', optionsSchema, options)
  const now = Math.floor(exactly)
  const expires = given.expires === undefined ? undefined : endOf(given.expires, now)
  if (typeof expires === 'number' && expires <= now) {
    throw new TypeError(
      'withmac: rotateCredential: expires is over already. revokeCredential or disableCredential end it.',
    )
  }
  const written = givenKey('rotateCredential', given)
  const { graceSeconds } = given
  // Rounded up: a grace is not shorter than it was asked for.
  const until = graceSeconds === 0 ? null : Math.ceil(exactly) + graceSeconds

  const known = readId(id)
  const store = await open()
  const usedBefore = (await store.usage(now, known)).get(known)?.used
  let same = false
  const rotated = await store.edit(known, now, (credential, isKey): Edited | null => {
    checkNotRevoked(credential)
    const end = expires === undefined ? credential.expires : expires
    if (end !== null && end <= now) throw expired(credential.id)
    if (graceSeconds > 0 && !given.endEarlierGrace) checkNoEarlierKey(credential, now)
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
      'withmac: rotateCredential: key is the key of today: give another, or none.',
    )
  }
  const usage = await store.usage(now, id)
  return Object.freeze({ ...fromStored(rotated, usage.get(id)), key: written })
}

function checkNoEarlierKey({ id, oldKey }: KeylessCredential, now: number): void {
  if (oldKey === null || oldKey.until <= now) return
  const ends = new Date(oldKey.until * 1000).toISOString()
  throw new MacError(
    'ERR_MAC_CREDENTIAL_ROTATED',
    `The credential ${JSON.stringify(id)} has a key from before, whose grace ends at ${ends}. Wait until ` +
      'then, or end it now with endEarlierGrace: true. graceSeconds: 0 ends all keys but the new one.',
  )
}

function expired(id: string): MacError {
  return new MacError(
    'ERR_MAC_CREDENTIAL_ENDED',
    `The credential ${JSON.stringify(id)} has expired, and so would its new key. Pass expires as well.`,
  )
}
