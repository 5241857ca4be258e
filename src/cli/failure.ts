import { MacError } from '../errors.ts'
import { pasted } from './called-as.ts'
import { EXIT, type ExitStatus } from './exit-status.ts'
import type { Terminal } from './terminal/terminal.ts'

/** Ends a command: with one sentence for people, and the status for scripts. */
export class Failure extends Error {
  override readonly name: string = 'Failure'
  readonly status: ExitStatus

  constructor(status: ExitStatus, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

/** Something on the command line, or in a file that it names, cannot be used. */
export function misuse(message: string): Failure {
  return new Failure(EXIT.usage, message)
}

/** What somebody is called in a sentence, also where the name is empty. */
export function nameOf(name: string): string {
  return name === '' ? '""' : name
}

/** A database holds no such credential. */
export function noCredential(id: string, path: string): Failure {
  return new Failure(
    EXIT.no,
    `there is no credential ${nameOf(id)} in ${path}. "${pasted('list')}" shows which there are.`,
  )
}

/** Says what went wrong on the error output; gives the status to end with. */
export function tell(error: unknown, terminal: Terminal): ExitStatus {
  const { status, message } = understand(error)
  terminal.complain(message, error instanceof MacError ? error.code : null)
  return status
}

interface Understood {
  readonly status: ExitStatus
  readonly message: string
}

/** What an error comes to, for people and for scripts. */
export function understand(error: unknown): Understood {
  if (error instanceof Failure) return { status: error.status, message: error.message }
  const message = error instanceof Error ? error.message : String(error)
  if (isWithheld(error)) return { status: EXIT.usage, message: withheld(message) }
  if (error instanceof MacError) return { status: statusOf(error), message }
  // What the library says of wrong input, which came from the command line.
  if (error instanceof TypeError && message.startsWith('withmac: ')) {
    return { status: EXIT.usage, message: message.slice('withmac: '.length) }
  }
  return { status: EXIT.internal, message: `this should not have happened: ${message}` }
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
  return `${first?.replace(/\.$/, '')}; or give it all permissions: deno run -A npm:withmac …`
}
