import type { Credential } from '../../credentials/credential.ts'
import type { Mac } from '../../mac.ts'
import { pasted } from '../called-as.ts'
import type { Place } from '../database.ts'
import { EXIT } from '../exit-status.ts'
import { Failure, noCredential } from '../failure.ts'
import { showMoment } from '../terminal/moments.ts'

/**
 * The credential with an identifier.
 * @throws Failure where there is none.
 */
export async function found(mac: Mac, id: string, { path }: Place): Promise<Credential> {
  const credential = await mac.getCredential(id)
  if (credential !== null) return credential
  throw noCredential(id, path)
}

/**
 * The same, of one that something can still be made of.
 * @throws Failure where there is none, or it was revoked.
 */
export async function foundUnrevoked(mac: Mac, id: string, place: Place): Promise<Credential> {
  const credential = await found(mac, id, place)
  const { revoked } = credential
  if (revoked === null) return credential
  throw new Failure(
    EXIT.no,
    'ERR_MAC_CREDENTIAL_ENDED',
    `${id} was revoked ${showMoment(revoked)}, which cannot be taken back: "${pasted('create USER')}" makes a new one.`,
  )
}
