import { randomBytes } from 'node:crypto'
import { given } from '../option-names.ts'
import { formatAuthorization } from '../protocol/authorization.ts'
import { formatBodyExt } from '../protocol/body-digest.ts'
import { checkCharacters, checkParameter } from '../protocol/parameters.ts'
import { type CoveredRequest, requestString } from '../protocol/request-string.ts'
import { timestampOf } from './clock.ts'
import type { Signer } from './credential.ts'

/** A signature, and what it was made with: an answer may refer to it. */
export interface Signature {
  /** The value of the `Authorization` header. */
  readonly authorization: string
  readonly ts: string
  readonly nonce: string
}

/** What is signed: method, target, host, port, and what goes into `ext`. */
export interface Unsigned extends Omit<CoveredRequest, 'ts' | 'nonce'> {
  /** The SHA-256 of the body in base64, where it is bound; else `null`. */
  readonly digest: string | null
}

/**
 * Signs (draft §3).
 *
 * @param seconds The time to sign with, in seconds since 1970.
 * @throws {@link MacError} where the nonce or `ext` holds what cannot be sent, with the code that
 *   reading it would give.
 */
export function sign(signer: Signer, what: Unsigned, seconds: number, nonce: string): Signature {
  const { digest, ext, ...origin } = what
  const ts = timestampOf(seconds)
  if (typeof nonce !== 'string') {
    throw new TypeError(
      `withmac: the function given as nonce must return a string, not ${given(nonce)}.`,
    )
  }
  checkParameter('nonce', nonce)
  checkCharacters('nonce', nonce)
  if (ext !== null) checkCharacters('ext', ext)
  const covered = digest === null ? ext : formatBodyExt(digest, ext)
  const mac = signer.mac(requestString({ ...origin, ts, nonce, ext: covered }))
  const authorization = formatAuthorization({ id: signer.id, ts, nonce, ext: covered, mac })
  return { authorization, ts, nonce }
}

/** 128 random bits: no two requests ever have the same. */
export function randomNonce(): string {
  return randomBytes(16).toString('base64url')
}
