import { Command, Option } from 'commander'
import type { CredentialEvent } from '../../credentials/change.ts'
import type { Credential, NewCredential } from '../../credentials/credential.ts'
import type { RotateOptions } from '../../credentials/rotate.ts'
import type { Mac } from '../../mac.ts'
import { MAC_ALGORITHMS, type MacAlgorithm } from '../../protocol/signature.ts'
import { plain } from '../../protocol/text.ts'
import { checkNew, type ReservedFile, reserveFile, savedText } from '../credential.ts'
import {
  credentialJson,
  endedKeys,
  newKeyLines,
  rotatedLines,
  trialLines,
} from '../credential-text.ts'
import { signedCurl } from '../curl.ts'
import { existingPlace, foundUnrevoked, withMacOf } from '../database.ts'
import { EXIT, Failure } from '../failure.ts'
import { examples, lineOn } from '../help.ts'
import { readAddress } from '../network.ts'
import { readExpiry, readGrace, showMoment, showSpan, showUse } from '../terminal/moments.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface RotateCommandOptions {
  readonly database?: string
  readonly grace: string
  readonly expires?: string
  readonly algorithm?: MacAlgorithm
  readonly endEarlierGrace?: boolean
  readonly save?: string
  readonly url: string
}

export function rotateCommand(terminal: Terminal): Command {
  return new Command('rotate')
    .summary('gives a credential a new key')
    .description(
      'Gives a credential a new key under the same identifier. The old one stays valid until its grace has ended. The new key is shown this once, or saved.',
    )
    .argument('<id>', 'its key identifier')
    .option(
      '--grace <time>',
      'how long the old key stays valid: 24h (or s, m, d, w); 0 refuses it at once, for one that has leaked',
      '24h',
    )
    .option('--expires <when>', 'a new end: 30d, never or a date (default: it stays)')
    .addOption(
      new Option('--algorithm <name>', 'what the new key signs with (default: the same)').choices(
        MAC_ALGORITHMS,
      ),
    )
    .option('--end-earlier-grace', 'ends a key that is in its grace since the rotation before')
    .option('--url <url>', 'what the curl line is signed for', 'http://localhost:3000/')
    .option('--save <file>', 'keeps the key in a new file, for you alone, and does not show it')
    .addHelpText(
      'after',
      examples(
        ['withmac rotate 3f9c2a1be0d14c7fa6b2d9e1', 'the old key stays valid for a day'],
        [
          'withmac rotate 3f9c2a1be0d14c7fa6b2d9e1 --grace 1w --save new.json',
          'for a week; the key in a file',
        ],
        [
          'withmac rotate 3f9c2a1be0d14c7fa6b2d9e1 --grace 0',
          'the key has leaked: refused from now on',
        ],
      ),
    )
    .action(async (id: string, _, command: Command) => {
      const options = command.optsWithGlobals<RotateCommandOptions>()
      const url = readAddress(options.url)
      const { save = null } = options
      const rotation = readRotation(options)
      if (save !== null) checkNew(save)
      const place = existingPlace(options.database)
      await withMacOf(place, async (mac) => {
        const before = await foundUnrevoked(mac, id, place)
        checkRotation(before, rotation, new Date())
        const after =
          save === null
            ? await mac.rotateCredential(id, rotation)
            : await rotateInto(save, mac, before, rotation)
        // The key is to be shown whatever becomes of this.
        const history = await mac.credentialHistory({ id, limit: 20 }).catch(() => [])
        give(before, after, { path: place.path, url, save, history }, terminal)
      })
    })
}

function readRotation(options: RotateCommandOptions): Rotation {
  const { grace, expires, algorithm, endEarlierGrace = false } = options
  return {
    graceSeconds: readGrace(grace),
    expires: expires === undefined ? undefined : readExpiry(expires, new Date()),
    algorithm,
    endEarlierGrace,
  }
}

interface Surroundings {
  readonly path: string
  readonly url: string
  readonly save: string | null
  readonly history: readonly CredentialEvent[]
}

function give(
  before: Credential,
  after: NewCredential,
  { path, url, save, history }: Surroundings,
  terminal: Terminal,
): void {
  const { key, ...credential } = after
  const { id, user, keyNumber } = credential
  const now = new Date()
  const { authorization, curl } = signedCurl({ method: 'GET', url }, after)
  const shown = save === null ? { key } : { saved: save }
  const ended = endedKeys(before, after, history, now)
  const json = { ...credentialJson(credential, now), ...shown, ended, database: path }
  terminal.unshown = unshown(after, save, now)
  terminal.give({ ...json, url, authorization, curl }, () => {
    const { colors } = terminal
    return [
      `${colors.green('rotated')} ${plain(id)} of ${plain(user)} in ${plain(path)}: its key is number ${keyNumber} now`,
      '',
      ...newKeyLines(after, save, now, colors),
      '',
      ...rotatedLines(after, ended, now, terminal),
      // What is disabled cannot be tried: the lines above say so.
      ...(after.disabled === null ? ['', ...trialLines({ id, save, url, curl }, colors)] : []),
    ]
  })
}

/** What to say where the new key could not be shown. */
function unshown({ id, keyNumber, oldKey }: NewCredential, save: string | null, now: Date): string {
  const rotated = `${plain(id)} was rotated all the same`
  if (save !== null) return `${rotated}: its key ${keyNumber} is in ${plain(save)}.`
  const inGrace = oldKey !== null && oldKey.graceEnds > now ? oldKey : null
  const options = inGrace === null ? '--grace 0' : '--end-earlier-grace'
  const another = `"${lineOn(id, 'rotate', `${options} --save new.json`)}" makes another`
  const lost = `${rotated}, and its key ${keyNumber} is lost unless it was written before`
  if (inGrace === null) return `${lost}: ${another}.`
  const { keyNumber: old, graceEnds } = inGrace
  return `${lost}; key ${old} is valid until ${showMoment(graceEnds)}. ${another}, and then key ${old} is refused at once.`
}

/** What a rotation is to be, as the command line gives it. */
interface Rotation extends Pick<RotateOptions, 'algorithm'> {
  readonly graceSeconds: number
  /** `undefined` where it stays as it is. */
  readonly expires: Date | null | undefined
  readonly endEarlierGrace: boolean
}

/**
 * Says in the words of the command line what the library would refuse.
 * @throws Failure
 */
function checkRotation(
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
  const { randomKey } = await import('../../credentials/validate.ts')
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
