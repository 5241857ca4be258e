/** That there is no credential to be had, as it is found out; it becomes a `MacError` for the caller. */
export class TokenFailure extends Error {
  /** For how long the endpoint asks not to be asked again, in seconds; `null` where it does not. */
  readonly retryAfter: number | null

  constructor(message: string, retryAfter: number | null, options: ErrorOptions) {
    super(message, options)
    this.retryAfter = retryAfter
  }
}

/** Says that there is no credential, and why; of what the endpoint says it must not show all. */
export function noToken(
  why: string,
  details: { readonly cause?: unknown; readonly retryAfter?: number | null } = {},
): TokenFailure {
  const { cause, retryAfter = null } = details
  const options = cause === undefined ? {} : { cause }
  return new TokenFailure(`The token endpoint ${why}.`, retryAfter, options)
}
