import { MacError } from '../errors.ts'
import { LimitError } from '../limits/headers.ts'
import type { MacSettings } from '../settings.ts'
import type { RateLimitFields } from '../types.ts'
import { challengeOf, type RightCaller } from './challenge.ts'
import type { MacIdentity } from './identity.ts'

/** What a verification came to. */
export type MacVerdict =
  | {
      readonly ok: true
      readonly identity: MacIdentity
      /** The header fields that tell the client of its limit; `null` if it has none. */
      readonly rateLimit: RateLimitFields | null
    }
  | {
      readonly ok: false
      readonly error: MacError
      /**
       * The key identifier of the caller, where the MAC was right and the credential is in use; `null`
       * where the header may name anybody.
       */
      readonly id: string | null
      /**
       * The `WWW-Authenticate` value that goes with it (draft §4.2), with the server's time for a
       * caller whose timestamp alone was wrong; `null` if the status is neither 401, nor 429 for a
       * replay, of which the first copy was accepted.
       */
      readonly challenge: string | null
      /** As above, also if a limit is exhausted (429). */
      readonly rateLimit: RateLimitFields | null
      /** For `Retry-After`; `null` where the status is not 429. */
      readonly retryAfterSeconds: number | null
    }

/** A verdict that lets nobody in. */
export type Refusal = Extract<MacVerdict, { readonly ok: false }>

/**
 * The verdict on a request that is not let in.
 *
 * @param thrown Why not. What is no {@link MacError} is a mistake of the library.
 * @param caller Who sent it, where the MAC was right.
 */
export function refused(
  thrown: unknown,
  caller: RightCaller | null,
  settings: MacSettings,
): Refusal {
  const error = asMacError(thrown)
  const id = caller?.sent.id ?? null
  const challenge = challengeOf(error, caller, settings)
  const told =
    error instanceof LimitError
      ? { rateLimit: error.rateLimit, retryAfterSeconds: error.retryAfterSeconds }
      : { rateLimit: null, retryAfterSeconds: null }
  return { ok: false, error, id, challenge, ...told }
}

function asMacError(error: unknown): MacError {
  if (error instanceof MacError) return error
  return new MacError('ERR_MAC_INTERNAL', 'The verification failed unexpectedly.', { cause: error })
}
