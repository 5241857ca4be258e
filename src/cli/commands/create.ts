import { Command, Option } from 'commander'
import type { KeptCredential, NewCredential } from '../../credentials/credential.ts'
import type { Mac } from '../../mac.ts'
import { MAC_ALGORITHMS, type MacAlgorithm } from '../../protocol/signature.ts'
import { plain } from '../../protocol/text.ts'
import type { RateLimit } from '../../types.ts'
import { checkNew, reserveFile, savedText } from '../credential.ts'
import { credentialJson, credentialLines, newKeyLines, trialLines } from '../credential-text.ts'
import { signedCurl } from '../curl.ts'
import { findPlace, type Place, warnOfMemory, withMacOf } from '../database.ts'
import { EXIT, Failure } from '../failure.ts'
import { examples, lineOn } from '../help.ts'
import { readAddress } from '../network.ts'
import { readRateLimit, readScopes } from '../scopes-and-limit.ts'
import { readExpiry } from '../terminal/moments.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface CreateOptions {
  readonly database?: string
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
    .summary('makes a credential, and a curl line to try it')
    .description(
      'Makes a credential for a user, and the database where there is none. The key is shown this once, or saved.',
    )
    .argument('<user>', 'whom it speaks for: a name, or the number of a row of yours')
    .option('--id <id>', 'its key identifier (default: a random one)')
    .option('--label <text>', 'a note for people, such as "laptop"')
    .option('--expires <when>', '30d (or s, m, h, w), never, or a date such as 2030-12-31', '1d')
    .addOption(
      new Option('--algorithm <name>', 'what it signs with')
        .choices(MAC_ALGORITHMS)
        .default('hmac-sha-256'),
    )
    .option('--scope <scope...>', 'what it may be used for, such as orders:read')
    .option('--rate-limit <limit>', 'a limit of its own: 100/1m is 100 requests in a minute')
    .option('--url <url>', 'what the curl line is signed for', 'http://localhost:3000/')
    .option('--save <file>', 'keeps the key in a new file, for you alone, and does not show it')
    .addOption(
      new Option('--if-exists <what>', 'where the identifier is taken')
        .choices(['error', 'keep'])
        .default('error'),
    )
    .addHelpText(
      'after',
      examples(
        ['withmac create ada', 'for a day'],
        ['withmac create ada --expires 90d --label laptop --save ada.json', 'the key in a file'],
        ['withmac create ada --scope orders:read --rate-limit 100/1m', 'for less than all'],
        ['withmac create ada --url https://api.example.com/orders', 'a curl line for that'],
        ['withmac create cron --id cron --expires never --if-exists keep', 'repeatable'],
      ),
    )
    .action(async (user: string, _, command: Command) => {
      const options = command.optsWithGlobals<CreateOptions>()
      const url = readAddress(options.url)
      const expires = readExpiry(options.expires, new Date())
      const scopes = options.scope && readScopes(options.scope)
      const rateLimit = options.rateLimit === undefined ? null : readRateLimit(options.rateLimit)
      const place = findPlace(options.database)
      const { id, label, algorithm } = options
      // Imported when it is needed: it brings Zod along. What is wrong is told before a file is made.
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

/** What the options come to. */
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
        ? `there is a credential ${id} already: --if-exists keep leaves it as it is.`
        : `there is a credential ${id} already, and it speaks for ${existing.user}: choose another --id.`,
    )
  }
  // The file comes first: a key that could not be saved would be lost.
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
      ? `The credential ${plain(made.id)} was made all the same, and its key is lost unless it was written before: "${lineOn(made.id, 'delete')}" removes it.`
      : `The credential ${plain(made.id)} was made all the same: its key is in ${plain(save)}.`
  terminal.give({ ...json, url, authorization, curl }, () => [
    `${terminal.colors.green('made')} a credential for ${plain(made.user)} in ${plain(place.path)}`,
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
      `Its ${others.join(' and ')} stay as they are, other than asked for: "${lineOn(kept.id, 'update')}" changes them.`,
    )
  }
  const now = new Date()
  terminal.give({ ...credentialJson(credential, now), key, database: place.path }, () => [
    `kept the credential ${plain(kept.id)} of ${plain(kept.user)} that is in ${plain(place.path)}; its key is not shown again`,
    '',
    ...credentialLines(credential, now, terminal.colors),
  ])
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
