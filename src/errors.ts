import { describeCode, isToldInDetail, type MacErrorCode, toldCode } from './error-codes.ts'

/** The part of an error that a client may see. See {@link MacError.told}. */
export interface ToldError {
  readonly code: MacErrorCode
  /** A fixed sentence for the code. */
  readonly title: string
  /** The full message, if it contains only what the client itself sent; otherwise the title. */
  readonly text: string
}

/**
 * The one error class of the library.
 *
 * `code` is stable: use it in a `switch`. `message` is for the operator's log. It says what was wrong
 * and how to fix it. It never contains a key, an expected MAC or a normalized request string, but it
 * may quote the host and the key identifier that a client sent.
 *
 * @example
 * const onReject = (error: MacError, request: Request) =>
 *   console.warn(error.code, error.message, request.url)
 */
export class MacError extends Error {
  override readonly name: string = 'MacError'
  /** The exact cause. Clients may be shown a more general code: see {@link MacError.told}. */
  readonly code: MacErrorCode
  /**
   * The HTTP status for this code: 401, 403 or 429; 413 or 400 for a body; 503 for a failure of the
   * server; 500 for an error that your own code gets, not a client.
   */
  readonly status: number

  constructor(code: MacErrorCode, message?: string, options?: ErrorOptions) {
    const [status, title] = describeCode(code)
    super(message ?? title, options)
    this.code = code
    this.status = status
  }

  /**
   * The part of the error that a client may see. An unknown key identifier, a wrong MAC and a revoked
   * credential look the same: `ERR_MAC_REJECTED`.
   */
  get told(): ToldError {
    const code = toldCode(this.code)
    const [, title] = describeCode(code)
    return { code, title, text: isToldInDetail(code) ? this.message : title }
  }
}

/**
 * Returns an error as a {@link MacError}. Any other error is a mistake of the library, and becomes the cause of an
 * `ERR_MAC_INTERNAL`.
 *
 * @param message The message of that error.
 */
export function asMacError(thrown: unknown, message: string): MacError {
  if (thrown instanceof MacError) return thrown
  return new MacError('ERR_MAC_INTERNAL', message, { cause: thrown })
}
