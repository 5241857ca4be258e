import type { MacAlgorithm } from '../protocol/signature.ts'

/** A request as the server saw it: all that is needed to tell why it was rejected. */
export interface SeenRequest {
  readonly method: string
  /** The absolute URL, as a handler finds it in `request.url`. */
  readonly url: string
  /** The request target as it came over the wire, if that is known. */
  readonly target?: string | undefined
  /** The header fields that matter, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** When it came, by the server's clock, in seconds since 1970. */
  readonly receivedAt?: number | undefined
  /** The code that the server rejected it with, such as `ERR_MAC_REPLAY`. */
  readonly code?: string | undefined
  /** The reference in the answer of the server. */
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

/** The credential that the request names. Times are seconds since 1970. */
export interface ExplainCredential {
  readonly id: string
  readonly key: string
  /** Default: `hmac-sha-256`. */
  readonly algorithm?: MacAlgorithm | undefined
  readonly expires?: number | null | undefined
  readonly revoked?: number | null | undefined
  readonly disabled?: number | null | undefined
  /** The key before the last rotation, and the moment from which it is no longer valid. */
  readonly oldKey?:
    | { readonly key: string; readonly algorithm: MacAlgorithm; readonly until: number }
    | null
    | undefined
  /** The moment from which `key` is no longer valid, if it is a key that was replaced. */
  readonly keyUntil?: number | null | undefined
  /** What was learned of the client's clock (draft §4.1). */
  readonly clockOffset?: number | null | undefined
}

/** The options of `explain`. What they leave out is taken from the request's own `settings`. */
export interface ExplainOptions extends ExplainSettings {
  /**
   * The server's clock when the request came, in seconds since 1970, if the request does not say. If
   * neither does, the age of its timestamp is not judged.
   */
  readonly now?: number | undefined
  /** The most MACs to compute. Default: 60,000, some tenths of a second. */
  readonly maxTries?: number | undefined
}

/** One element of the normalized request string (draft §3.2.1). */
export interface ExplainedLine {
  readonly name: 'timestamp' | 'nonce' | 'method' | 'request-URI' | 'host' | 'port' | 'ext'
  /** As the server has it. */
  readonly received: string
  /** As the client signed it; `null` if that was not found out. */
  readonly signed: string | null
}

/** Something that one side does otherwise than the other. */
export interface Mistake {
  /** A stable name, such as `port` or `query-missing`. */
  readonly kind: string
  /** What the client did. */
  readonly sentence: string
  /** What to change. */
  readonly change: string
  /** The side on which to change it. */
  readonly side: 'client' | 'server'
}

/** Why a request is rejected. It never holds the key, nor a MAC that the request did not bring. */
export interface Explanation {
  /** Whether nothing is wrong with the request, as far as can be told. */
  readonly ok: boolean
  /** The whole on one line: what is wrong, and what to change. */
  readonly sentence: string
  /** The code of the rejection; `null` if there is no reason to reject. */
  readonly code: string | null
  /** The normalized request string line by line; empty if the header cannot be read. */
  readonly lines: readonly ExplainedLine[]
  /** The fewest mistakes that explain the MAC. Empty if none were found. */
  readonly mistakes: readonly Mistake[]
  /** What else there is to know, each in a sentence. */
  readonly notes: readonly string[]
  /** The server's option with which the MAC of this request is right, if there is one. */
  readonly settings: { readonly origin: string } | null
  /** How many MACs were computed, and whether a bound ended the search before its end. */
  readonly search: { readonly tried: number; readonly bounded: boolean }
}
