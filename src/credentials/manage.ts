import type { CredentialStore } from '../store/store.ts'
import { type Credential, fromStored } from './credential.ts'
import { unknown } from './editing.ts'
import { readFilter, readId } from './input.ts'

/** The credential with this key identifier, or `null`. */
export async function getCredential(
  store: CredentialStore,
  now: number,
  id: string,
): Promise<Credential | null> {
  const stored = await store.find(readId(id))
  return stored === null ? null : fromStored(stored, (await store.usage(now, id)).get(id))
}

/** All credentials, or one user's, oldest first. */
export async function listCredentials(
  store: CredentialStore,
  now: number,
  filter: unknown,
): Promise<Credential[]> {
  const found = await store.list(readFilter(filter))
  const usage = await store.usage(now, null)
  return found.map((stored) => fromStored(stored, usage.get(stored.id)))
}

/**
 * Removes a credential. Its nonces stay, for the case that it comes back with the same key, and a row
 * of the history.
 */
export async function deleteCredential(
  store: CredentialStore,
  now: number,
  id: string,
): Promise<void> {
  if (!(await store.remove(readId(id), now))) throw unknown(id)
}

/** Forgets what was learned of the client's clock: the next request teaches it anew. */
export async function resetClockOffset(store: CredentialStore, id: string): Promise<void> {
  if (!(await store.resetClock(readId(id)))) throw unknown(id)
}
