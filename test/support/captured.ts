import type { MacOptions } from '../../src/index.ts'
import { type Limited, limited } from './limited.ts'
import type { Key } from './sign.ts'

export const FLOODER = '192.0.2.66'
export const OTHER = '192.0.2.7'
/** The answer to the flooder. */
export const LIMITED = '429 ERR_MAC_FAILURES_LIMITED'
/** Options that allow three rejected requests per address. */
export const THREE: MacOptions = { rateLimit: { failures: { requests: 3, seconds: 60 } } }

/** A server with a credential. A flooder captured one of its requests, and has exhausted its rate limit. */
export interface Captured extends Limited {
  readonly ada: Key
  /** How the captured request was signed. */
  readonly copy: { readonly ts: number; readonly nonce: string }
}

export async function captured(options: MacOptions = {}): Promise<Captured> {
  const server = limited({ ...THREE, ...options })
  const ada = await server.mac.createCredential('ada')
  const copy = { ts: now(), nonce: 'captured' }
  await server.send(ada, OTHER, copy)
  const stranger = { id: 'nobody', key: 'guessed' }
  for (let sent = 0; sent < 3; sent++) await server.send(stranger, FLOODER)
  return { ...server, ada, copy }
}

export function now(): number {
  return Math.floor(Date.now() / 1000)
}

/** Starts the same work `count` times at once. */
export function times<Result>(count: number, work: () => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, work))
}
