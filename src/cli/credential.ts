import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import type { Command } from 'commander'
import type { ClientCredential } from '../client/index.ts'
import type { NewCredential } from '../credentials/credential.ts'
import { showMoment } from '../moments.ts'
import { SCOPE_TOKEN } from '../protocol/characters.ts'
import { MAC_ALGORITHMS, type MacAlgorithm } from '../protocol/signature.ts'
import { plain } from '../protocol/terminal-text.ts'
import type { StoredCredential } from '../store/types.ts'
import type { RateLimit } from '../types.ts'
import { textOf } from './body.ts'
import { existingPlace, withStoreOf } from './database.ts'
import { type Failure, misuse, noCredential, unusableFile } from './failure.ts'
import { lineOn, pasted, quote } from './help.ts'
import type { Place, PlaceOptions } from './place.ts'
import { secondsOf } from './terminal/moments.ts'
import type { Terminal } from './terminal/terminal.ts'

/** Where a command finds the credential to sign with. A key is never on the command line. */
export interface CredentialOptions extends PlaceOptions {
  readonly credentials?: string
  readonly id?: string
}

const WAYS = `set MAC_ID and MAC_KEY, or use --credentials with a file that "${pasted('create --save')}" wrote, or --id with a credential of the database`
const WRITER = `"${pasted('create USER --save FILE')}" writes such a file.`

/** Adds the options that name a credential, and their help, to a command. */
export function takesCredential(command: Command): Command {
  return command
    .option('--credentials <file>', 'the credential: a file that create or rotate --save wrote')
    .option('--id <id>', 'the credential: one of the database')
    .addHelpText(
      'after',
      [
        '',
        'The credential is the first of these that is set: --credentials, --id, the variables MAC_ID and',
        'MAC_KEY (and MAC_ALGORITHM, if it is not hmac-sha-256).',
      ].join('\n'),
    )
}

/**
 * Returns the credential to sign with.
 * @throws Failure if there is none. It lists the ways to name one.
 */
export async function signingCredential(
  options: CredentialOptions,
  terminal: Terminal,
): Promise<ClientCredential> {
  const { id, credentials } = options
  if (credentials === undefined && id !== undefined) {
    const place = await existingPlace(options)
    const stored = await storedCredential(place, id)
    if (stored !== null) {
      warnOfEnded(stored, terminal)
      return stored
    }
    throw noCredential(id, place.path)
  }
  const given = givenCredential(options, terminal)
  if (given !== null) return given
  throw misuse(`there is no credential to sign with: ${WAYS}.`)
}

/** Returns the credential of `--credentials` or of the environment, or `null` if neither is set. */
export function givenCredential(
  { credentials }: CredentialOptions,
  terminal: Terminal,
): ClientCredential | null {
  if (credentials !== undefined) return readCredentialFile(credentials, terminal)
  const { MAC_ID: id, MAC_KEY: key, MAC_ALGORITHM: algorithm } = process.env
  if (!id && !key) return null
  if (!id || !key)
    throw misuse(
      `${id ? 'MAC_ID' : 'MAC_KEY'} is set, but ${id ? 'MAC_KEY' : 'MAC_ID'} is not: ${WAYS}.`,
    )
  return { id, key, algorithm: readAlgorithm(algorithm || undefined, 'MAC_ALGORITHM') }
}

/** Reads a credential with its key from the database. */
export function storedCredential(place: Place, id: string): Promise<StoredCredential | null> {
  return withStoreOf(place, async ({ credentials }) => (await credentials.lookUp(id)).credential)
}

/** Only a note: the user may want to see that the server rejects the request. */
function warnOfEnded(stored: StoredCredential, terminal: Terminal): void {
  const ended = endOf(stored)
  if (ended === null) return
  terminal.note(
    `${terminal.errorColors.yellow('note:')} the credential ${plain(stored.id)} ${ended}`,
  )
}

function endOf({ id, revoked, disabled, expires }: StoredCredential): string | null {
  const moment = (seconds: number) => showMoment(new Date(seconds * 1000))
  if (revoked !== null) return `was revoked ${moment(revoked)}`
  if (disabled !== null) {
    return `was disabled ${moment(disabled)}. To enable it: "${lineOn(id, 'enable')}"`
  }
  if (expires === null || expires > Date.now() / 1000) return null
  return `expired ${moment(expires)}. To extend it: "${lineOn(id, 'extend', '--expires 30d')}"`
}

function readCredentialFile(path: string, terminal: Terminal): ClientCredential {
  const { id, key, algorithm } = parse(path)
  if (typeof id !== 'string' || typeof key !== 'string' || id === '' || key === '') {
    throw unusableFile(`${path} does not contain an id and a key. ${WRITER}`)
  }
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    const { yellow } = terminal.errorColors
    const said = `other users can read the key in ${path}. Run: chmod 600 ${quote(path)}`
    terminal.note(`${yellow('note:')} ${plain(said)}`)
  }
  return { id, key, algorithm: readAlgorithm(algorithm ?? undefined, path) }
}

function parse(path: string): { id?: unknown; key?: unknown; algorithm?: unknown } {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw unusableFile(`${path} cannot be read: ${(error as Error).message}`)
  }
  const text = textOf(bytes, path)
  try {
    return Object(JSON.parse(text)) as object
  } catch {
    // Without the parser's message: it quotes the file, and so perhaps the key.
    throw unusableFile(`${path} is not JSON. ${WRITER}`)
  }
}

function readAlgorithm(algorithm: unknown, where: string): MacAlgorithm {
  const known = MAC_ALGORITHMS.find((name) => name === algorithm)
  if (algorithm === undefined) return 'hmac-sha-256'
  if (known !== undefined) return known
  throw misuse(`${where}: the algorithm must be ${MAC_ALGORITHMS.join(' or ')}.`)
}

/** A new file for a secret, created before the secret exists. */
export interface ReservedFile {
  /**
   * Writes the text, syncs it to disk, and closes the file.
   * @throws Failure
   */
  write(text: string): void
  /**
   * Replaces the whole text atomically.
   * @throws Failure
   */
  replace(text: string): void
  /** Removes the file. An open descriptor is closed when the process ends. */
  abandon(): void
}

/**
 * Checks early, before anything is changed, that the file is new. {@link reserveFile} checks it again.
 * @throws Failure
 */
export function checkNew(path: string): void {
  if (existsSync(path)) throw alreadyExists(path)
}

function alreadyExists(path: string): Failure {
  return unusableFile(`${path} already exists and may contain another key: choose a new file name.`)
}

/**
 * Creates a file that only its owner can read. It never overwrites a file, which may contain the only copy
 * of another key.
 *
 * @throws Failure
 */
export function reserveFile(path: string): ReservedFile {
  let descriptor: number
  try {
    descriptor = openSync(path, 'wx', 0o600)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw code === 'EEXIST'
      ? alreadyExists(path)
      : unusableFile(`${path} cannot be written: ${message}`)
  }
  return {
    write(text) {
      try {
        writeFileSync(descriptor, text)
        fsyncSync(descriptor)
        closeSync(descriptor)
      } catch (error) {
        throw unusableFile(`${path} cannot be written: ${(error as Error).message}`)
      }
    },
    replace(text) {
      const beside = `${path}.${process.pid}`
      try {
        writeFileSync(beside, text, { flag: 'wx', mode: 0o600, flush: true })
        renameSync(beside, path)
      } catch (error) {
        rmSync(beside, { force: true })
        throw unusableFile(`${path} cannot be written: ${(error as Error).message}`)
      }
    },
    abandon() {
      rmSync(path, { force: true })
    },
  }
}

/** The fields of a credential that `--save` writes and `--credentials` reads. */
type Saved = Pick<NewCredential, 'id' | 'key' | 'algorithm' | 'user' | 'expires'>

/** The text of the file that `--save` writes. */
export function savedText({ id, key, algorithm, user, expires }: Saved): string {
  return `${JSON.stringify({ id, key, algorithm, user, expires }, null, 2)}\n`
}

const DAY = 86_400

/**
 * Reads the scopes of `--scope`. The option can be repeated, and one value can contain several scopes.
 * @throws Failure if one of them is not valid.
 */
export function readScopes(given: readonly string[]): string[] {
  const scopes = given.flatMap((text) => text.split(' ')).filter((scope) => scope !== '')
  for (const scope of scopes) {
    if (SCOPE_TOKEN.test(scope)) continue
    throw misuse(
      `--scope ${scope} is not valid: a scope is printable ASCII without spaces, " and \\, such as orders:read.`,
    )
  }
  if (scopes.length > 0) return scopes
  throw misuse('--scope is empty: write a scope, such as orders:read.')
}

/**
 * Reads the limit of `--rate-limit`: `100/1m` is 100 requests per minute.
 * @throws Failure if it is not valid.
 */
export function readRateLimit(text: string): RateLimit {
  const [, amount, time] = /^(\d{1,9})\/(\w+)$/.exec(text) ?? []
  const requests = Number(amount ?? 0)
  const seconds = secondsOf(time ?? '') ?? secondsOf(`1${time}`)
  if (requests < 1 || seconds === null || seconds < 1) {
    throw misuse(
      `--rate-limit ${text} is not valid: write 100/1m for 100 requests per minute (or s, h, d).`,
    )
  }
  if (seconds <= DAY) return { requests, seconds }
  throw misuse(`--rate-limit ${text} is longer than a day: use at most 1d.`)
}
