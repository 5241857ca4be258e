import { Command, Option } from 'commander'
import type { Credential, NewCredential } from '../../credentials/credential.ts'
import type { CredentialEvent } from '../../credentials/history.ts'
import { MAC_ALGORITHMS, type MacAlgorithm } from '../../protocol/algorithm.ts'
import { plain } from '../../protocol/plain-text.ts'
import { readAddress } from '../address.ts'
import { credentialJson } from '../credential-text.ts'
import { existingPlace, withMacOf } from '../database.ts'
import { endedKeys, rotatedLines } from '../ended-keys.ts'
import { examples } from '../help.ts'
import { newKeyLines, trialLines } from '../new-key.ts'
import { lineOn } from '../quote.ts'
import { checkRotation, type Rotation, rotateInto } from '../rotation.ts'
import { checkNew } from '../saved-file.ts'
import { signedCurl } from '../signed-curl.ts'
import { readExpiry, readGrace, showMoment } from '../terminal/moments.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { foundUnrevoked } from './found.ts'

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
