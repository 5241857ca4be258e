import type { MacErrorCode } from '../error-codes.ts'
import { MacError } from '../errors.ts'
import { plainJson } from '../protocol/terminal-text.ts'
import { pasted } from './help.ts'

/** The exit statuses of a command. The help and docs/command-line.md list them. */
export const EXIT = {
  ok: 0,
  /** The command ran, and the result is negative: not found, rejected, or a problem was found. */
  no: 1,
  usage: 2,
  store: 3,
  network: 4,
  internal: 5,
} as const

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT]

/** What each status means, for people. */
export const STATUSES: readonly (readonly [ExitStatus, string])[] = [
  [EXIT.ok, 'success'],
  [EXIT.no, 'the command ran, but: not found, rejected, or a problem was found'],
  [EXIT.usage, 'the command line, or a file that it names, cannot be used'],
  [EXIT.store, 'the database or Redis cannot be used, or its package is not installed'],
  [EXIT.network, 'the server cannot be reached'],
  [EXIT.internal, 'a bug in withmac'],
]

/** The stable codes of the command line's own errors. A `MacError` keeps the code that it has. */
export type CliErrorCode =
  /** The command line is not valid. */
  | 'ERR_CLI_USAGE'
  /** A file that the command line names cannot be read, used or written. */
  | 'ERR_CLI_FILE'
  /** The database does not exist. */
  | 'ERR_CLI_NO_DATABASE'
  /** This runtime has no SQLite driver for the database. */
  | 'ERR_CLI_NO_SQLITE'
  /** The package for PostgreSQL or Redis is not installed. */
  | 'ERR_CLI_NO_PACKAGE'
  /** The servers keep nonces elsewhere than the command would. */
  | 'ERR_CLI_NONCES'
  /** A server cannot be reached. */
  | 'ERR_CLI_NETWORK'
  /** Deno lacks a permission. */
  | 'ERR_CLI_PERMISSION'
  /** The output cannot be written. */
  | 'ERR_CLI_OUTPUT'
  /** A bug in withmac. */
  | 'ERR_CLI_INTERNAL'

/** An error that ends a command: one sentence for people, a status and a code for scripts. */
export class Failure extends Error {
  override readonly name: string = 'Failure'
  readonly status: ExitStatus
  readonly code: CliErrorCode | MacErrorCode

  constructor(
    status: ExitStatus,
    code: CliErrorCode | MacErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.status = status
    this.code = code
  }
}

/** Returns the error for a command line that is not valid. */
export function misuse(message: string): Failure {
  return new Failure(EXIT.usage, 'ERR_CLI_USAGE', message)
}

/** Returns the error for a file that cannot be read, used or written. */
export function unusableFile(message: string): Failure {
  return new Failure(EXIT.usage, 'ERR_CLI_FILE', message)
}

/** A name as it stands in a sentence. An empty name is shown as `""`. */
export function nameOf(name: string): string {
  return name === '' ? '""' : name
}

/** Returns the error for a credential that the database does not have. */
export function noCredential(id: string, path: string): Failure {
  return new Failure(
    EXIT.no,
    'ERR_MAC_CREDENTIAL_UNKNOWN',
    `there is no credential ${nameOf(id)} in ${path}. To see all of them: "${pasted('list')}".`,
  )
}

interface Understood {
  readonly status: ExitStatus
  readonly code: CliErrorCode | MacErrorCode
  readonly message: string
}

/** Converts any error to the status, code and message that the command ends with. */
export function understand(error: unknown): Understood {
  if (error instanceof Failure) return error
  const message = error instanceof Error ? error.message : String(error)
  if (isWithheld(error)) {
    return { status: EXIT.usage, code: 'ERR_CLI_PERMISSION', message: withheld(message) }
  }
  if (error instanceof MacError) {
    return { status: statusOf(error), code: error.code, message: asCalledHere(message) }
  }
  // The library's TypeError for an option that is not valid: the option came from the command line.
  if (error instanceof TypeError && message.startsWith('withmac: ')) {
    const said = message.slice('withmac: '.length)
    return { status: EXIT.usage, code: 'ERR_CLI_USAGE', message: said }
  }
  const said = `this is a bug in withmac: ${message}`
  return { status: EXIT.internal, code: 'ERR_CLI_INTERNAL', message: said }
}

/** Rewrites the commands in a library message so that they can be pasted here. */
function asCalledHere(message: string): string {
  return message.replaceAll(/"withmac ([a-z]+)"/g, (_, command: string) => `"${pasted(command)}"`)
}

function statusOf({ code, status }: MacError): ExitStatus {
  if (code === 'ERR_MAC_STORE' || code === 'ERR_MAC_CLOSED' || code === 'ERR_MAC_SEALED') {
    return EXIT.store
  }
  if (code.startsWith('ERR_MAC_CREDENTIAL_')) return EXIT.no
  // The client finds all other mistakes before it sends anything.
  if (code === 'ERR_MAC_CLIENT_REDIRECT' || code === 'ERR_MAC_CLIENT_ANSWER_LOST') return EXIT.no
  return status === 401 || code.startsWith('ERR_MAC_CLIENT_') ? EXIT.usage : EXIT.internal
}

/** Whether Deno lacks a permission. The store may have wrapped Deno's error in its own. */
function isWithheld(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at.name === 'NotCapable' || (at.name === 'PermissionDenied' && 'Deno' in globalThis)) {
      return true
    }
  }
  return false
}

function withheld(message: string): string {
  const [first] = message.split('\n')
  return `${first?.replace(/\.$/, '')}; or allow everything: deno run -A.`
}

/** Whether `--json` is among the options. Words after `--` are not options. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return (end === -1 ? args : args.slice(0, end)).includes('--json')
}

/** An error as `--json` prints it on stderr: one line. */
export function errorJson(message: string, code: string): string {
  return `${plainJson({ error: { code, message } })}\n`
}
