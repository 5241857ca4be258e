import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * Compares a secret that was sent with the one that is kept, for `authenticateClient`. The time that
 * it takes tells nothing of the secret that is kept, nor whether there is one.
 *
 * It does *not* make weak secrets strong: they are compared as fast as any. Let clients have 128
 * random bits or more; secrets that people chose belong through a slow hash instead.
 *
 * @param kept `null` or `undefined` where there is no such client: the answer is `false`.
 *
 * @example
 * const authenticateClient = ({ clientId, clientSecret }) => {
 *   const client = clients.get(clientId)
 *   return secretsAreEqual(clientSecret, client?.secret) ? { user: client.user } : null
 * }
 */
export function secretsAreEqual(sent: string, kept: string | null | undefined): boolean {
  const equal = timingSafeEqual(digest(sent), digest(kept ?? ''))
  return equal && kept != null && kept !== ''
}

function digest(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest()
}
