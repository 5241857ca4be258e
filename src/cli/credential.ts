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
import { MAC_ALGORITHMS, type MacAlgorithm } from '../protocol/signature.ts'
import { plain } from '../protocol/text.ts'
import type { StoredCredential } from '../store/types.ts'
import { textOf } from './body.ts'
import { existingPlace, type Place, withStoreOf } from './database.ts'
import { type Failure, misuse, noCredential, unusableFile } from './failure.ts'
import { lineOn, pasted, quote } from './help.ts'
import { showMoment } from './terminal/moments.ts'
import type { Terminal } from './terminal/terminal.ts'

/** Where a command finds the credential to sign with. A key never stands on the command line. */
export interface CredentialOptions {
  readonly database?: string
  readonly credentials?: string
  readonly id?: string
}

const WAYS = `set MAC_ID and MAC_KEY, or name a file with --credentials (as "${pasted('create --save')}" writes it), or one of the database with --id`
const WRITER = `"${pasted('create USER --save FILE')}" writes such a file.`

/** Adds the options, and what they are for, to a command. */
export function takesCredential(command: Command): Command {
  return command
    .option('--credentials <file>', 'signs with what --save of create or rotate wrote')
    .option('--id <id>', 'signs with this credential of the database')
    .addHelpText(
      'after',
      [
        '',
        'What it signs with: --credentials, else --id, else the variables MAC_ID and MAC_KEY',
        '(and MAC_ALGORITHM, where it is not hmac-sha-256).',
      ].join('\n'),
    )
}

/**
 * The credential to sign with.
 * @throws Failure where there is none; it says which ways there are.
 */
export async function signingCredential(
  options: CredentialOptions,
  terminal: Terminal,
): Promise<ClientCredential> {
  const { id, credentials, database } = options
  if (credentials === undefined && id !== undefined) {
    const place = existingPlace(database)
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

/** What a file or the environment gives, or `null` where neither is there. */
export function givenCredential(
  { credentials }: CredentialOptions,
  terminal: Terminal,
): ClientCredential | null {
  if (credentials !== undefined) return readCredentialFile(credentials, terminal)
  const { MAC_ID: id, MAC_KEY: key, MAC_ALGORITHM: algorithm } = process.env
  if (!id && !key) return null
  if (!id || !key)
    throw misuse(`${id ? 'MAC_ID' : 'MAC_KEY'} is set, and the other is not: ${WAYS}.`)
  return { id, key, algorithm: readAlgorithm(algorithm || undefined, 'MAC_ALGORITHM') }
}

/** A credential of the database, with its key. */
export function storedCredential(place: Place, id: string): Promise<StoredCredential | null> {
  return withStoreOf(place, async ({ credentials }) => (await credentials.lookUp(id)).credential)
}

/** It is signed with all the same: whether the server refuses it may be what is asked. */
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
    return `was disabled ${moment(disabled)}: "${lineOn(id, 'enable')}" takes it back`
  }
  if (expires === null || expires > Date.now() / 1000) return null
  return `expired ${moment(expires)}: "${lineOn(id, 'extend', '--expires 30d')}" moves its end`
}

function readCredentialFile(path: string, terminal: Terminal): ClientCredential {
  const { id, key, algorithm } = parse(path)
  if (typeof id !== 'string' || typeof key !== 'string' || id === '' || key === '') {
    throw unusableFile(`${path} holds no id and key: ${WRITER}`)
  }
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    const { yellow } = terminal.errorColors
    const said = `others can read the key in ${path}: chmod 600 ${quote(path)}`
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
    // What the parser says would quote the file, and so perhaps the key.
    throw unusableFile(`${path} is no JSON: ${WRITER}`)
  }
}

function readAlgorithm(algorithm: unknown, where: string): MacAlgorithm {
  const known = MAC_ALGORITHMS.find((name) => name === algorithm)
  if (algorithm === undefined) return 'hmac-sha-256'
  if (known !== undefined) return known
  throw misuse(`${where}: the algorithm must be ${MAC_ALGORITHMS.join(' or ')}.`)
}

/** A new file for a secret. */
export interface ReservedFile {
  /**
   * Writes all of it, and closes it.
   * @throws Failure
   */
  write(text: string): void
  /**
   * Writes another text in place of what was written: all of it, or none.
   * @throws Failure
   */
  replace(text: string): void
  /** Removes it; what is open of it ends with the process. */
  abandon(): void
}

/**
 * Says before anything else is done what {@link reserveFile} would say.
 * @throws Failure
 */
export function checkNew(path: string): void {
  if (existsSync(path)) throw isThere(path)
}

function isThere(path: string): Failure {
  return unusableFile(`${path} is there already and may hold another key: name a new file.`)
}

/**
 * Makes a file that its owner alone can read. One that is there is never written over: it may hold
 * the only copy of another key.
 *
 * @throws Failure
 */
export function reserveFile(path: string): ReservedFile {
  let descriptor: number
  try {
    descriptor = openSync(path, 'wx', 0o600)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw code === 'EEXIST' ? isThere(path) : unusableFile(`${path} cannot be written: ${message}`)
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

/** What of a credential is saved, for `--credentials` to read. */
type Saved = Pick<NewCredential, 'id' | 'key' | 'algorithm' | 'user' | 'expires'>

/** The text of such a file. */
export function savedText({ id, key, algorithm, user, expires }: Saved): string {
  return `${JSON.stringify({ id, key, algorithm, user, expires }, null, 2)}\n`
}
