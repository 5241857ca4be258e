import { MacError } from '../errors.ts'
import type { CredentialStore } from '../store/store.ts'
import { type Credential, fromStored } from './credential.ts'
import { readFilter, readId } from './input.ts'

/** The credential with this key identifier, or `null`. */
export async function getCredential(
  store: CredentialStore,
  id: string,
): Promise<Credential | null> {
  const stored = await store.find(readId(id))
  return stored === null ? null : fromStored(stored)
}

/** All credentials, or one user's, oldest first. */
export async function listCredentials(
  store: CredentialStore,
  filter: unknown,
): Promise<Credential[]> {
  return (await store.list(readFilter(filter))).map(fromStored)
}

/** Makes a credential worthless from its next request on. It stays in the list. */
export async function revokeCredential(
  store: CredentialStore,
  now: number,
  id: string,
): Promise<void> {
  if (!(await store.revoke(readId(id), now))) throw unknown(id)
}

/** Removes a credential. Its nonces stay, for the case that it comes back with the same key. */
export async function deleteCredential(store: CredentialStore, id: string): Promise<void> {
  if (!(await store.remove(readId(id)))) throw unknown(id)
}

/** Forgets what was learned of the client's clock: the next request teaches it anew. */
export async function resetClockOffset(store: CredentialStore, id: string): Promise<void> {
  if (!(await store.resetClock(readId(id)))) throw unknown(id)
}

function unknown(id: string): MacError {
  return new MacError(
    'ERR_MAC_CREDENTIAL_UNKNOWN',
    `There is no credential ${JSON.stringify(id)}. listCredentials() tells which there are.`,
  )
}
