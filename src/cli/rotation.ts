import type { Credential, NewCredential } from '../credentials/credential.ts'
import type { RotateOptions } from '../credentials/rotate.ts'
import type { Mac } from '../mac.ts'
import { EXIT } from './exit-status.ts'
import { Failure } from './failure.ts'
import { lineOn } from './quote.ts'
import { type ReservedFile, reserveFile, savedText } from './saved-file.ts'
import { showMoment, showSpan, showUse } from './terminal/moments.ts'

/** What a rotation is to be, as the command line gives it. */
export interface Rotation extends Pick<RotateOptions, 'algorithm'> {
  readonly graceSeconds: number
  /** `undefined` where it stays as it is. */
  readonly expires: Date | null | undefined
  readonly endEarlierGrace: boolean
}

/**
 * Says in the words of the command line what the library would refuse.
 * @throws Failure
 */
export function checkRotation(
  { id, expires, oldKey, keyNumber }: Credential,
  rotation: Rotation,
  now: Date,
): void {
  if (rotation.expires === undefined && expires !== null && expires <= now) {
    throw new Failure(
      EXIT.no,
      'ERR_MAC_CREDENTIAL_ENDED',
      `${id} expired ${showMoment(expires)}, and so would its new key: add --expires 30d.`,
    )
  }
  if (rotation.graceSeconds === 0 || rotation.endEarlierGrace) return
  if (oldKey === null || oldKey.graceEnds <= now) return
  const left = showSpan((oldKey.graceEnds.getTime() - now.getTime()) / 1000)
  throw new Failure(
    EXIT.no,
    'ERR_MAC_CREDENTIAL_ROTATED',
    `${id} has key ${oldKey.keyNumber} still, beside key ${keyNumber}, until ${showMoment(oldKey.graceEnds)} (${left} left); ` +
      `it was ${showUse(oldKey.lastUsed, now)}. Wait until then, or add --end-earlier-grace: then key ${oldKey.keyNumber} is refused at once.`,
  )
}

/**
 * Rotates a credential, its new key saved in a file. The file is written first: whatever fails
 * afterwards, nobody is left without the key that counts.
 *
 * @throws Failure, and what the library throws.
 */
export async function rotateInto(
  path: string,
  mac: Mac,
  before: Credential,
  rotation: Rotation,
): Promise<NewCredential> {
  const { id, user } = before
  const { algorithm = before.algorithm, expires = before.expires } = rotation
  const file = reserveFile(path)
  // Imported when it is needed: it brings Zod along.
  const { randomKey } = await import('../credentials/fields.ts')
  const key = randomKey()
  try {
    file.write(savedText({ id, key, algorithm, user, expires }))
  } catch (error) {
    file.abandon()
    throw error
  }
  const after = await mac.rotateCredential(id, { ...rotation, key }).catch(async (error) => {
    throw await abandoned(file, path, mac, before, error)
  })
  // Somebody else may have rotated it to another algorithm since it was looked up.
  if (after.algorithm !== algorithm) replaceIn(file, path, after)
  return after
}

/** @throws Failure that says what is right, where it cannot be written. */
function replaceIn(file: ReservedFile, path: string, after: NewCredential): void {
  try {
    file.replace(savedText(after))
  } catch (error) {
    const { id, algorithm } = after
    throw new Failure(
      EXIT.usage,
      'ERR_CLI_FILE',
      `${(error as Error).message} ${id} was rotated, and its new key is in ${path}; it signs with ${algorithm}, whatever that file says.`,
    )
  }
}

/** What the library says when it has rotated nothing for certain. */
const NOT_ROTATED: ReadonlySet<unknown> = new Set([
  'ERR_MAC_CREDENTIAL_ROTATED',
  'ERR_MAC_CREDENTIAL_ENDED',
  'ERR_MAC_CREDENTIAL_UNKNOWN',
])

/** Removes the file, unless its key may count; gives what is to be thrown. */
async function abandoned(
  file: ReservedFile,
  path: string,
  mac: Mac,
  { id, keyNumber }: Credential,
  error: unknown,
): Promise<unknown> {
  // Somebody else may have rotated it in the meantime: then its key number tells nothing.
  if (error instanceof TypeError || NOT_ROTATED.has((error as { code?: unknown }).code)) {
    file.abandon()
    return error
  }
  const after = await mac.getCredential(id).catch(() => undefined)
  if (after !== undefined && (after === null || after.keyNumber === keyNumber)) {
    file.abandon()
    return error
  }
  const { message } = error as Error
  return new Failure(
    EXIT.store,
    'ERR_MAC_STORE',
    `${message} Whether ${id} was rotated is not known: keep ${path}, which holds its new key, and look whether "${lineOn(id, 'show')}" shows key ${keyNumber + 1}.`,
  )
}
