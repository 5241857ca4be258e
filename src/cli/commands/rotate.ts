import { Command, Option } from 'commander'
import type { CredentialEvent } from '../../credentials/change.ts'
import type { Credential, NewCredential } from '../../credentials/credential.ts'
import type { RotateOptions } from '../../credentials/rotate.ts'
import type { Mac } from '../../mac.ts'
import { showMoment, showSpan, showUse } from '../../moments.ts'
import { MAC_ALGORITHMS, type MacAlgorithm } from '../../protocol/signature.ts'
import { plain } from '../../protocol/terminal-text.ts'
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
import type { PlaceOptions } from '../place.ts'
import { readExpiry, readGrace } from '../terminal/moments.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface RotateCommandOptions extends PlaceOptions {
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
      'Gives a credential a new key; its identifier stays the same. The old key stays valid for the grace time. The new key is shown only this time, or saved to a file.',
    )
    .argument('<id>', 'the key identifier')
    .option(
      '--grace <time>',
      'how long the old key stays valid: 24h (or s, m, d, w). If the old key has leaked, use 0: it is rejected at once',
      '24h',
    )
    .option('--expires <when>', 'a new expiry: 30d, never or a date (default: unchanged)')
    .addOption(
      new Option(
        '--algorithm <name>',
        'the MAC algorithm of the new key (default: unchanged)',
      ).choices(MAC_ALGORITHMS),
    )
    .option('--end-earlier-grace', 'ends an older key that is still valid from the last rotation')
    .option('--url <url>', 'the URL of the curl line', 'http://localhost:3000/')
    .option('--save <file>', 'saves the key to a new file for you alone, and does not print it')
    .addHelpText(
      'after',
      examples(
        ['withmac rotate 3f9c2a1be0d14c7fa6b2d9e1', 'the old key stays valid for a day'],
        [
          'withmac rotate 3f9c2a1be0d14c7fa6b2d9e1 --grace 1w --save new.json',
          'for a week; the new key in a file',
        ],
        [
          'withmac rotate 3f9c2a1be0d14c7fa6b2d9e1 --grace 0',
          'the old key has leaked: rejected at once',
        ],
      ),
    )
    .action(async (id: string, _, command: Command) => {
      const options = command.optsWithGlobals<RotateCommandOptions>()
      const url = readAddress(options.url)
      const { save = null } = options
      const rotation = readRotation(options)
      if (save !== null) checkNew(save)
      const place = await existingPlace(options)
      await withMacOf(place, async (mac) => {
        const before = await foundUnrevoked(mac, id, place)
        checkRotation(before, rotation, new Date())
        const after =
          save === null
            ? await mac.rotateCredential(id, rotation)
            : await rotateInto(save, mac, before, rotation)
        // If this fails, the new key must still be shown.
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
      `${colors.green('rotated')} ${plain(id)} of ${plain(user)} in ${plain(path)}: it now has key ${keyNumber}`,
      '',
      ...newKeyLines(after, save, now, colors),
      '',
      ...rotatedLines(after, ended, now, terminal),
      // A disabled credential cannot be tried; the lines above say so.
      ...(after.disabled === null ? ['', ...trialLines({ id, save, url, curl }, colors)] : []),
    ]
  })
}

/** What to add to the error if the new key cannot be printed. */
function unshown({ id, keyNumber, oldKey }: NewCredential, save: string | null, now: Date): string {
  const rotated = `${plain(id)} was rotated`
  if (save !== null) return `${rotated}; its key ${keyNumber} is in ${plain(save)}.`
  const inGrace = oldKey !== null && oldKey.graceEnds > now ? oldKey : null
  const options = inGrace === null ? '--grace 0' : '--end-earlier-grace'
  const another = `To get another key: "${lineOn(id, 'rotate', `${options} --save new.json`)}"`
  const lost = `${rotated}, but you may not have seen its key ${keyNumber}`
  if (inGrace === null) return `${lost}. ${another}.`
  const { keyNumber: old, graceEnds } = inGrace
  return `${lost}. Key ${old} is valid until ${showMoment(graceEnds)}. ${another}; then key ${old} is rejected at once.`
}

/** The options of a rotation after they were read. */
interface Rotation extends Pick<RotateOptions, 'algorithm'> {
  readonly graceSeconds: number
  /** `undefined` leaves it unchanged. */
  readonly expires: Date | null | undefined
  readonly endEarlierGrace: boolean
}

/**
 * Checks what the library would reject, so that the message can name the options of the command line.
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
      `${id} expired ${showMoment(expires)}, so its new key would not be valid: add --expires 30d.`,
    )
  }
  if (rotation.graceSeconds === 0 || rotation.endEarlierGrace) return
  if (oldKey === null || oldKey.graceEnds <= now) return
  const left = showSpan((oldKey.graceEnds.getTime() - now.getTime()) / 1000)
  throw new Failure(
    EXIT.no,
    'ERR_MAC_CREDENTIAL_ROTATED',
    `key ${oldKey.keyNumber} of ${id} is still valid besides key ${keyNumber}, until ${showMoment(oldKey.graceEnds)} (${left} left). ` +
      `It was ${showUse(oldKey.lastUsed, now)}. Wait until then, or add --end-earlier-grace: then key ${oldKey.keyNumber} is rejected at once.`,
  )
}

/**
 * Rotates a credential and saves its new key in a file. The file is written before the key becomes valid:
 * if something fails afterwards, the valid key is still in the file.
 *
 * @throws Failure, and what `rotateCredential` throws.
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
  // Loaded lazily, because it imports Zod.
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
  // Someone else may have changed the algorithm since the credential was read.
  if (after.algorithm !== algorithm) replaceIn(file, path, after)
  return after
}

/** @throws Failure if the file cannot be written. It names the correct algorithm. */
function replaceIn(file: ReservedFile, path: string, after: NewCredential): void {
  try {
    file.replace(savedText(after))
  } catch (error) {
    const { id, algorithm } = after
    throw new Failure(
      EXIT.usage,
      'ERR_CLI_FILE',
      `${(error as Error).message} ${id} was rotated, and its new key is in ${path}. Its algorithm is ${algorithm}: change it in that file.`,
    )
  }
}

/** The codes with which the library has certainly not rotated the key. */
const NOT_ROTATED: ReadonlySet<unknown> = new Set([
  'ERR_MAC_CREDENTIAL_ROTATED',
  'ERR_MAC_CREDENTIAL_ENDED',
  'ERR_MAC_CREDENTIAL_UNKNOWN',
])

/** Removes the file, unless its key may be valid now. Returns the error to throw. */
async function abandoned(
  file: ReservedFile,
  path: string,
  mac: Mac,
  { id, keyNumber }: Credential,
  error: unknown,
): Promise<unknown> {
  // Decided by the error first: if someone else has rotated it meanwhile, the key number says nothing.
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
    `${message} It is not known whether ${id} was rotated. Keep ${path}: it contains the new key. The key is valid if "${lineOn(id, 'show')}" shows key number ${keyNumber + 1}.`,
  )
}
