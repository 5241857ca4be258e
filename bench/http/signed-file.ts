import { appendFileSync, writeFileSync } from 'node:fs'
import hawk from 'hawk'
import { macField } from '../signing/mac-field.ts'
import { freshNonce, ID, KEY, URL_SIGNED } from '../signing/request.ts'
import type { Scheme } from './kinds.ts'

const AT_A_TIME = 10_000

/**
 * Writes values of the `Authorization` header, one per line, each with a new nonce. They are signed before
 * all runs, so that the generator has nothing to compute.
 */
export function writeSignedFields(path: string, scheme: Scheme, count: number): void {
  writeFileSync(path, '')
  for (let done = 0; done < count; done += AT_A_TIME) {
    const lines = Math.min(AT_A_TIME, count - done)
    appendFileSync(path, Array.from({ length: lines }, () => `${signedField(scheme)}\n`).join(''))
  }
}

/** @returns The value of `Authorization` for a new request. */
export function signedField(scheme: Scheme): string {
  if (scheme === 'MAC') return macField()
  const credentials = { id: ID, key: KEY, algorithm: 'sha256' } as const
  return hawk.client.header(URL_SIGNED, 'GET', { credentials, nonce: freshNonce() }).header
}
