/** A request as the server saw it: all that is needed to tell why it was refused. */
export interface SeenRequest {
  readonly method: string
  /** The absolute URL, as a handler finds it in `request.url`. */
  readonly url: string
  /** The request target as it came over the wire, where that is known. */
  readonly target?: string | undefined
  /** The header fields that matter, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** When it came, by the server's clock, in seconds since 1970. */
  readonly receivedAt?: number | undefined
  /** What the server refused it with, such as `ERR_MAC_REPLAY`. */
  readonly code?: string | undefined
  /** The reference that the refusal was answered with. */
  readonly reference?: string | undefined
  /** What the server judged it by. */
  readonly settings?: ExplainSettings | undefined
}

/** What a server judges requests by: the options of the same names. */
export interface ExplainSettings {
  readonly origin?: string | readonly string[] | undefined
  readonly trustProxy?: boolean | 'forwarded' | 'x-forwarded' | undefined
  readonly windowSeconds?: number | undefined
}
