import { MacError, type MacErrorCode } from '../errors.ts'
import { plainJson } from '../protocol/text.ts'
import { pasted } from './help.ts'

/** The statuses that a command ends with, stated in its help and in the documentation. */
export const EXIT = {
  ok: 0,
  /** The answer is no: not found, refused, not as it should be. */
  no: 1,
  usage: 2,
  store: 3,
  network: 4,
  internal: 5,
} as const

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT]

/** What each status stands for, for people. */
export const STATUSES: readonly (readonly [ExitStatus, string])[] = [
  [EXIT.ok, 'done; all is well'],
  [EXIT.no, 'the answer is no: not found, refused, a fault was found'],
  [EXIT.usage, 'the command line, or a file that it names, cannot be used'],
  [EXIT.store, 'the database cannot be used'],
  [EXIT.network, 'the server cannot be reached'],
  [EXIT.internal, 'a fault of withmac itself'],
]

/** The stable codes of the command line's own failures. With a `MacError` goes the code of the library. */
export type CliErrorCode =
  /** The command line cannot be used. */
  | 'ERR_CLI_USAGE'
  /** A file that the command line names cannot be read, used or written. */
  | 'ERR_CLI_FILE'
  /** There is no such database. */
  | 'ERR_CLI_NO_DATABASE'
  /** The runtime has nothing that opens it. */
  | 'ERR_CLI_NO_SQLITE'
  /** A server cannot be reached. */
  | 'ERR_CLI_NETWORK'
  /** Deno was not given a permission. */
  | 'ERR_CLI_PERMISSION'
  /** What was to be shown cannot be written. */
  | 'ERR_CLI_OUTPUT'
  /** A fault of withmac itself. */
  | 'ERR_CLI_INTERNAL'

/** Ends a command: with one sentence for people, and the status and a code for scripts. */
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

/** Something on the command line cannot be used. */
export function misuse(message: string): Failure {
  return new Failure(EXIT.usage, 'ERR_CLI_USAGE', message)
}

/** A file that the command line names cannot be read, used or written. */
export function unusableFile(message: string): Failure {
  return new Failure(EXIT.usage, 'ERR_CLI_FILE', message)
}

/** What somebody is called in a sentence, also where the name is empty. */
export function nameOf(name: string): string {
  return name === '' ? '""' : name
}

/** A database holds no such credential. */
export function noCredential(id: string, path: string): Failure {
  return new Failure(
    EXIT.no,
    'ERR_MAC_CREDENTIAL_UNKNOWN',
    `there is no credential ${nameOf(id)} in ${path}. "${pasted('list')}" shows which there are.`,
  )
}

interface Understood {
  readonly status: ExitStatus
  readonly code: CliErrorCode | MacErrorCode
  readonly message: string
}

/** What an error comes to, for people and for scripts. */
export function understand(error: unknown): Understood {
  if (error instanceof Failure) return error
  const message = error instanceof Error ? error.message : String(error)
  if (isWithheld(error)) {
    return { status: EXIT.usage, code: 'ERR_CLI_PERMISSION', message: withheld(message) }
  }
  if (error instanceof MacError) {
    return { status: statusOf(error), code: error.code, message: asCalledHere(message) }
  }
  // What the library says of wrong input, which came from the command line.
  if (error instanceof TypeError && message.startsWith('withmac: ')) {
    const said = message.slice('withmac: '.length)
    return { status: EXIT.usage, code: 'ERR_CLI_USAGE', message: said }
  }
  const said = `this should not have happened: ${message}`
  return { status: EXIT.internal, code: 'ERR_CLI_INTERNAL', message: said }
}

/** Commands that the library names, as they can be pasted here. */
function asCalledHere(message: string): string {
  return message.replaceAll(/"withmac ([a-z]+)"/g, (_, command: string) => `"${pasted(command)}"`)
}

function statusOf({ code, status }: MacError): ExitStatus {
  if (code === 'ERR_MAC_STORE' || code === 'ERR_MAC_CLOSED' || code === 'ERR_MAC_SEALED') {
    return EXIT.store
  }
  if (code.startsWith('ERR_MAC_CREDENTIAL_')) return EXIT.no
  // A client's faults are told before anything is sent, but for these.
  if (code === 'ERR_MAC_CLIENT_REDIRECT' || code === 'ERR_MAC_CLIENT_ANSWER_LOST') return EXIT.no
  return status === 401 || code.startsWith('ERR_MAC_CLIENT_') ? EXIT.usage : EXIT.internal
}

/** Deno's way to say that a permission was not given; the store's failure may be around it. */
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
  return `${first?.replace(/\.$/, '')}; or give it all permissions, by deno run -A.`
}

/** Whether JSON is wanted: what follows `--` are no options. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return (end === -1 ? args : args.slice(0, end)).includes('--json')
}

/** An error as `--json` has it on the error output, on a line of its own. */
export function errorJson(message: string, code: string): string {
  return `${plainJson({ error: { code, message } })}\n`
}
