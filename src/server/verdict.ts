import { MacError } from '../errors.ts'
import type { MacSettings } from '../settings.ts'
import { challengeOf, type RightCaller } from './challenge.ts'
import type { MacIdentity } from './identity.ts'

/** What a verification came to. */
export type MacVerdict =
  | { readonly ok: true; readonly identity: MacIdentity }
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
       * caller whose timestamp alone was wrong; `null` where the status is not 401.
       */
      readonly challenge: string | null
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
  return { ok: false, error, id, challenge: challengeOf(error, caller, settings) }
}

function asMacError(error: unknown): MacError {
  if (error instanceof MacError) return error
  return new MacError('ERR_MAC_INTERNAL', 'The verification failed unexpectedly.', { cause: error })
}
