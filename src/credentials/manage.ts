import type { OpenCredentials } from '../store/types.ts'
import { type Credential, fromStored } from './credential.ts'
import { unknown } from './editing.ts'
import { readFilter, readId } from './input.ts'

/** The credential with this key identifier, or `null`. */
export async function getCredential(
  open: OpenCredentials,
  now: number,
  id: string,
): Promise<Credential | null> {
  const known = readId(id)
  const store = await open()
  const stored = await store.find(known)
  return stored === null ? null : fromStored(stored, (await store.usage(now, id)).get(id))
}

/** All credentials, or one user's, oldest first. */
export async function listCredentials(
  open: OpenCredentials,
  now: number,
  filter: unknown,
): Promise<Credential[]> {
  const user = readFilter(filter)
  const store = await open()
  const found = await store.list(user)
  const usage = await store.usage(now, null)
  return found.map((stored) => fromStored(stored, usage.get(stored.id)))
}

/**
 * Removes a credential. Its nonces stay, for the case that it comes back with the same key, and a row
 * of the history.
 */
export async function deleteCredential(
  open: OpenCredentials,
  now: number,
  id: string,
): Promise<void> {
  const known = readId(id)
  if (!(await (await open()).remove(known, now))) throw unknown(known)
}

/** Forgets what was learned of the client's clock: the next request teaches it anew. */
export async function resetClockOffset(open: OpenCredentials, id: string): Promise<void> {
  const known = readId(id)
  if (!(await (await open()).resetClock(known))) throw unknown(known)
}
