import type { CredentialEvent } from '../credentials/change.ts'
import type { Credential } from '../credentials/credential.ts'
import type { Finding } from '../doctor/finding.ts'
import type { CredentialMethods } from '../mac.ts'
import type { Rejection } from '../server/recent-rejections.ts'
import type { AuditFilter, CredentialSearch, TrafficCount } from '../store/types.ts'

/** A credential, and when it is removed: `null` if it stays until somebody deletes it. */
export type ShownCredential = Credential & { readonly removed: Date | null }

/** Everything that the pages read and change. */
export interface AdminData {
  /** The server's clock, in whole seconds since 1970. */
  now(): number
  /** The origin that clients sign, if the options fix one. */
  readonly signedOrigin: string | null
  search(search: Omit<CredentialSearch, 'now'>): Promise<readonly ShownCredential[]>
  find(id: string): Promise<ShownCredential | null>
  history(filter: AuditFilter): Promise<readonly CredentialEvent[]>
  traffic(credential: string | null): Promise<readonly TrafficCount[]>
  /** The newest rejected requests of this process. */
  rejections(limit: number): readonly Rejection[]
  rejection(reference: string): Rejection | null
  health(): Promise<readonly Finding[]>
  /** The methods that change credentials, in the name of an actor. */
  actingAs(actor: string): CredentialMethods
}
