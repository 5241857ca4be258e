import { MacError } from '../errors.ts'
import type { Edit, KeylessCredential, OpenCredentials } from '../store/types.ts'
import { type Credential, fromStored } from './credential.ts'
import { readId } from './input.ts'

/**
 * Changes a credential, and shows it as it is afterwards.
 * @throws {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`
 */
export async function edited(
  open: OpenCredentials,
  now: number,
  id: string,
  edit: Edit,
): Promise<Credential> {
  const known = readId(id)
  const store = await open()
  const credential = await store.edit(known, now, edit)
  if (credential === null) throw unknown(id)
  const usage = await store.usage(now, id)
  return fromStored(credential, usage.get(id))
}

/** A credential whose end was moved. Who goes by itself goes as long after its end as it would have. */
export function endingAt(credential: KeylessCredential, end: number | null): KeylessCredential {
  const { expires, removeAt } = credential
  const stays = removeAt === null || expires === null || end === null
  return { ...credential, expires: end, removeAt: stays ? null : removeAt - expires + end }
}

/** @throws {@link MacError} `ERR_MAC_CREDENTIAL_ENDED`: nothing brings a revoked one back. */
export function checkNotRevoked({ id, revoked }: KeylessCredential): void {
  if (revoked === null) return
  throw new MacError(
    'ERR_MAC_CREDENTIAL_ENDED',
    `The credential ${JSON.stringify(id)} was revoked, which cannot be taken back. Make a new one.`,
  )
}

/** What is told of an identifier that nobody has. */
export function unknown(id: string): MacError {
  return new MacError(
    'ERR_MAC_CREDENTIAL_UNKNOWN',
    `There is no credential ${JSON.stringify(id)}. listCredentials() tells which there are.`,
  )
}
