import type { Credential } from '../../credentials/credential.ts'
import type { Mac } from '../../mac.ts'
import type { Place } from '../database.ts'
import { noCredential } from '../failure.ts'

/**
 * The credential with an identifier.
 * @throws Failure where there is none.
 */
export async function found(mac: Mac, id: string, { path }: Place): Promise<Credential> {
  const credential = await mac.getCredential(id)
  if (credential !== null) return credential
  throw noCredential(id, path)
}
