import type { MacAlgorithm } from '../protocol/signature.ts'

/** A request as the server saw it, with all that is needed to explain its rejection. */
export interface SeenRequest {
  readonly method: string
  /** The absolute URL, as in `request.url` of a handler. */
  readonly url: string
  /** The request target as the server received it, if that is known. */
  readonly target?: string | undefined
  /** The header fields that matter for the signature. Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** When the server received it, by the server's clock, in seconds since 1970. */
  readonly receivedAt?: number | undefined
  /** The error code of the rejection, such as `ERR_MAC_REPLAY`. */
  readonly code?: string | undefined
  /** The reference in the server's answer. */
  readonly reference?: string | undefined
  /** The options of the server that matter for the signature. */
  readonly settings?: ExplainSettings | undefined
}

/** The server's options that decide what a client must sign. They are the options of the same names. */
export interface ExplainSettings {
  readonly origin?: string | readonly string[] | undefined
  readonly trustProxy?: boolean | 'forwarded' | 'x-forwarded' | undefined
  readonly windowSeconds?: number | undefined
}

/** The credential that the request names. Times are seconds since 1970. */
export interface ExplainCredential {
  readonly id: string
  readonly key: string
  /** Default: `hmac-sha-256`. */
  readonly algorithm?: MacAlgorithm | undefined
  readonly expires?: number | null | undefined
  readonly revoked?: number | null | undefined
  readonly disabled?: number | null | undefined
  /** The key before the last rotation, and the time from which it is no longer valid. */
  readonly oldKey?:
    | { readonly key: string; readonly algorithm: MacAlgorithm; readonly until: number }
    | null
    | undefined
  /** The time from which `key` is no longer valid, if `key` was replaced. */
  readonly keyUntil?: number | null | undefined
  /** The offset of the client's clock, as learned by the server (draft §4.1). */
  readonly clockOffset?: number | null | undefined
}

/** The options of `explain`. An option that is left out is taken from the `settings` of the request. */
export interface ExplainOptions extends ExplainSettings {
  /**
   * The server's time when it received the request, in seconds since 1970. Used if the request has no
   * `receivedAt`. If both are left out, the timestamp is not checked.
   */
  readonly now?: number | undefined
  /** The most MACs to compute. Default: 60,000, some tenths of a second. */
  readonly maxTries?: number | undefined
}

/** One element of the normalized request string (draft §3.2.1). */
export interface ExplainedLine {
  readonly name: 'timestamp' | 'nonce' | 'method' | 'request-URI' | 'host' | 'port' | 'ext'
  /** The value as the server received it. */
  readonly received: string
  /** The value as the client signed it. `null` if that is not known. */
  readonly signed: string | null
}

/** Something that the client or the server does wrong, so that their request strings differ. */
export interface Mistake {
  /** A stable name, such as `port` or `query-missing`. */
  readonly kind: string
  /** What the client did. */
  readonly sentence: string
  /** What to change. */
  readonly change: string
  /** The side that should change it. `either` if the request does not show which one. */
  readonly side: 'client' | 'server' | 'either'
}

/** A reason for the rejection. */
export interface Cause {
  /** The `kind` of a mistake, or the code of the rejection as a word, such as `replay`. */
  readonly kind: string
  /** Whether it is proved, by the MAC or by the header. Otherwise it is only likely. */
  readonly certain: boolean
}

/** Why a request is rejected. It contains neither the key nor a MAC that was not in the request. */
export interface Explanation {
  /** Whether nothing wrong was found. */
  readonly ok: boolean
  /** What is wrong, and what to change, on one line. */
  readonly sentence: string
  /** The error code of the rejection. `null` if there is no reason to reject. */
  readonly code: string | null
  /** The reasons for the rejection, the likeliest first. Empty if there is no reason to reject. */
  readonly causes: readonly Cause[]
  /** The normalized request string, line by line. Empty if the header cannot be read. */
  readonly lines: readonly ExplainedLine[]
  /** The fewest mistakes that explain the MAC. Empty if none was found. */
  readonly mistakes: readonly Mistake[]
  /** More sentences, such as a second reason to reject the request. */
  readonly notes: readonly string[]
  /** The option `origin` that makes the server accept this MAC, if there is one. */
  readonly settings: { readonly origin: string } | null
  /** How many MACs were computed, and whether a limit ended the search before everything was tried. */
  readonly search: { readonly tried: number; readonly bounded: boolean }
}
