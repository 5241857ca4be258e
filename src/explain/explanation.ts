import type { MacAlgorithm } from '../protocol/signature.ts'
import type { ExplainSettings } from './seen.ts'

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
  /** The moment from which `key` is no longer valid, where it is such a key. */
  readonly keyUntil?: number | null | undefined
  /** What was learned of the client's clock (draft §4.1). */
  readonly clockOffset?: number | null | undefined
}

/** The options of `explain`. What they leave out is taken from the request's own `settings`. */
export interface ExplainOptions extends ExplainSettings {
  /**
   * The server's clock when the request came, in seconds since 1970, where the request does not say.
   * Where neither does, the age of its timestamp is not judged.
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
  /** As the client signed it; `null` where that was not found out. */
  readonly signed: string | null
}

/** Something that one side does otherwise than the other. */
export interface Slip {
  /** A stable name, such as `port` or `query-missing`. */
  readonly kind: string
  /** What the client did. */
  readonly sentence: string
  /** What to change, and on which side. */
  readonly change: string
  readonly side: 'client' | 'server'
}

/** Why a request is refused. It never holds the key, nor a MAC that the request did not bring. */
export interface Explanation {
  /** Whether nothing is wrong with the request, as far as can be told. */
  readonly ok: boolean
  /** The whole in one sentence: what is wrong, and what to change. */
  readonly sentence: string
  /** The code of the refusal; `null` where there is no reason to refuse. */
  readonly code: string | null
  /** The normalized request string line by line; empty where the request cannot be read so far. */
  readonly lines: readonly ExplainedLine[]
  /** What, done otherwise, makes the MAC right: the fewest that do. Empty where nothing was found. */
  readonly slips: readonly Slip[]
  /** What else there is to know, each in a sentence. */
  readonly notes: readonly string[]
  /** The option of the server with which this request's MAC is right, where one will do. */
  readonly settings: { readonly origin: string } | null
  /** How many MACs were computed, and whether the bound ended the search before its end. */
  readonly search: { readonly tried: number; readonly bounded: boolean }
}
