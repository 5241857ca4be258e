import { Command, Option } from 'commander'
import type { KeptCredential, NewCredential } from '../../credentials/credential.ts'
import type { Mac } from '../../mac.ts'
import { MAC_ALGORITHMS, type MacAlgorithm } from '../../protocol/signature.ts'
import { plain } from '../../protocol/terminal-text.ts'
import type { RateLimit } from '../../types.ts'
import { checkNew, readRateLimit, readScopes, reserveFile, savedText } from '../credential.ts'
import { credentialJson, credentialLines, newKeyLines, trialLines } from '../credential-text.ts'
import { signedCurl } from '../curl.ts'
import { findPlace, warnOfMemory, withMacOf } from '../database.ts'
import { EXIT, Failure } from '../failure.ts'
import { examples, lineOn } from '../help.ts'
import { readAddress } from '../network.ts'
import type { Place, PlaceOptions } from '../place.ts'
import { readExpiry } from '../terminal/moments.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface CreateOptions extends PlaceOptions {
  readonly id?: string
  readonly label?: string
  readonly expires: string
  readonly algorithm: MacAlgorithm
  readonly scope?: readonly string[]
  readonly rateLimit?: string
  readonly url: string
  readonly save?: string
  readonly ifExists: 'error' | 'keep'
}

export function createCommand(terminal: Terminal): Command {
  return new Command('create')
    .summary('creates a credential, and prints a curl line to try it')
    .description(
      'Creates a credential for a user. If the database does not exist, it is created too. The key is shown only this time, or saved to a file.',
    )
    .argument('<user>', 'whom the credential stands for: a name, or an id of your user table')
    .option('--id <id>', 'the key identifier (default: a random one)')
    .option('--label <text>', 'a note for people, such as "laptop"')
    .option('--expires <when>', '30d (or s, m, h, w), never, or a date such as 2030-12-31', '1d')
    .addOption(
      new Option('--algorithm <name>', 'the MAC algorithm')
        .choices(MAC_ALGORITHMS)
        .default('hmac-sha-256'),
    )
    .option('--scope <scope...>', 'what it may be used for, such as orders:read')
    .option('--rate-limit <limit>', 'its own limit: 100/1m is 100 requests per minute')
    .option('--url <url>', 'the URL of the curl line', 'http://localhost:3000/')
    .option('--save <file>', 'saves the key to a new file for you alone, and does not print it')
    .addOption(
      new Option('--if-exists <what>', 'if the identifier exists: fail, or keep the credential')
        .choices(['error', 'keep'])
        .default('error'),
    )
    .addHelpText(
      'after',
      examples(
        ['withmac create ada', 'valid for a day'],
        ['withmac create ada --expires 90d --label laptop --save ada.json', 'the key in a file'],
        ['withmac create ada --scope orders:read --rate-limit 100/1m', 'with fewer rights'],
        ['withmac create ada --url https://api.example.com/orders', 'a curl line for that URL'],
        ['withmac create cron --id cron --expires never --if-exists keep', 'safe to repeat'],
      ),
    )
    .action(async (user: string, _, command: Command) => {
      const options = command.optsWithGlobals<CreateOptions>()
      const url = readAddress(options.url)
      const expires = readExpiry(options.expires, new Date())
      const scopes = options.scope && readScopes(options.scope)
      const rateLimit = options.rateLimit === undefined ? null : readRateLimit(options.rateLimit)
      const place = await findPlace(options)
      const { id, label, algorithm } = options
      // Loaded lazily, because it imports Zod. It checks the options before any file is created.
      const { readCredential } = await import('../../credentials/create.ts')
      const asked = { id, label, algorithm, expires, scopes, rateLimit }
      readCredential(Math.floor(Date.now() / 1000), user, asked)
      if (!place.existed && options.save !== undefined) checkNew(options.save)
      warnOfMemory(place, terminal)
      await withMacOf(place, async (mac) => {
        const made = await make(mac, user, { ...options, expires, scopes, rateLimit })
        if (made.key === null) giveKept(made, { scopes, rateLimit, place }, terminal)
        else giveNew(made, { place, url, save: options.save ?? null }, terminal)
      })
    })
}

/** The options after they were read. */
interface Given extends Omit<CreateOptions, 'expires' | 'rateLimit' | 'scope'> {
  readonly expires: Date | null
  readonly scopes: readonly string[] | undefined
  readonly rateLimit: RateLimit | null
}

async function make(mac: Mac, user: string, given: Given): Promise<NewCredential | KeptCredential> {
  const { id, label, expires, algorithm, scopes, rateLimit, ifExists, save } = given
  const existing = id === undefined ? null : await mac.getCredential(id)
  if (existing !== null) {
    if (ifExists === 'keep' && existing.user === user) return { ...existing, key: null }
    throw new Failure(
      EXIT.no,
      'ERR_MAC_CREDENTIAL_EXISTS',
      existing.user === user
        ? `the credential ${id} already exists. To keep it as it is: --if-exists keep.`
        : `the credential ${id} already exists, for the user ${existing.user}: choose another --id.`,
    )
  }
  // The file is created first: if the key cannot be saved, no credential is created.
  const file = save === undefined ? null : reserveFile(save)
  try {
    const made = await mac.createCredential(user, {
      id,
      label,
      expires,
      algorithm,
      scopes,
      rateLimit,
    })
    try {
      file?.write(savedText(made))
    } catch (error) {
      await mac.deleteCredential(made.id)
      throw error
    }
    return made
  } catch (error) {
    file?.abandon()
    throw error
  }
}

interface Surroundings {
  readonly place: Place
  readonly url: string
  readonly save: string | null
}

function giveNew(
  made: NewCredential,
  { place, url, save }: Surroundings,
  terminal: Terminal,
): void {
  const { key, ...credential } = made
  const now = new Date()
  const { authorization, curl } = signedCurl({ method: 'GET', url }, made)
  const shown = save === null ? { key } : { saved: save }
  const json = { ...credentialJson(credential, now), ...shown, database: place.path }
  terminal.unshown =
    save === null
      ? `The credential ${plain(made.id)} was created, but you may not have seen its key. To delete it: "${lineOn(made.id, 'delete')}".`
      : `The credential ${plain(made.id)} was created; its key is in ${plain(save)}.`
  terminal.give({ ...json, url, authorization, curl }, () => [
    `${terminal.colors.green('created')} a credential for ${plain(made.user)} in ${plain(place.path)}`,
    '',
    ...newKeyLines(made, save, now, terminal.colors),
    '',
    ...trialLines({ id: made.id, save, url, curl }, terminal.colors),
  ])
}

function giveKept(
  kept: KeptCredential,
  { scopes, rateLimit, place }: Pick<Given, 'scopes' | 'rateLimit'> & { readonly place: Place },
  terminal: Terminal,
): void {
  const { key, ...credential } = kept
  const others = [
    ...(scopes !== undefined && !isSame(scopes, kept.scopes) ? ['scopes'] : []),
    ...(rateLimit !== null && !isSame(rateLimit, kept.rateLimit) ? ['rate limit'] : []),
  ]
  if (others.length > 0) {
    terminal.note(
      `${terminal.errorColors.yellow('note:')} the credential has other ${others.join(' and ')} than you asked for, which were not changed. To change them: "${lineOn(kept.id, 'update')}"`,
    )
  }
  const now = new Date()
  terminal.give({ ...credentialJson(credential, now), key, database: place.path }, () => [
    `kept the credential ${plain(kept.id)} of ${plain(kept.user)} in ${plain(place.path)}; its key is not shown again`,
    '',
    ...credentialLines(credential, now, terminal.colors),
  ])
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
