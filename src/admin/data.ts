import type { CredentialEvent } from '../credentials/change.ts'
import type { Credential } from '../credentials/credential.ts'
import type { MacError } from '../errors.ts'
import type { Mac } from '../mac.ts'
import type { AuditAction, MacReport } from '../types.ts'

/** Which credentials a list shows. `machine`: those that are removed after they expire. */
export type StatusFilter =
  | 'all'
  | 'active'
  | 'expiring'
  | 'expired'
  | 'disabled'
  | 'revoked'
  | 'machine'

export interface CredentialSearch {
  /** A part of identifier, label or user. */
  readonly text: string | null
  readonly status: StatusFilter
  /** Only those after this one in the list, which begins with the newest. */
  readonly before: { readonly created: number; readonly id: string } | null
  readonly limit: number
}

export interface AuditSearch {
  readonly action: AuditAction | null
  readonly actor: string | null
  readonly credential: string | null
  readonly user: string | null
  /** Seconds since 1970. */
  readonly from: number | null
  readonly to: number | null
  /** Only events with a smaller number. */
  readonly before: number | null
  readonly limit: number
}

/** An event, with the person or program that caused it, if that is known. */
export type AuditEvent = CredentialEvent & { readonly actor: string | null }

/** How many requests had a result in a minute or an hour. */
export interface TrafficCount {
  /** Seconds since 1970. */
  readonly start: number
  readonly unit: 'minute' | 'hour'
  /** `accepted`, or the error code. */
  readonly code: string
  readonly count: number
}

/** A rejected request of this process. */
export interface Rejection {
  readonly at: Date
  readonly error: MacError
  readonly report: MacReport
  readonly method: string
  readonly path: string
  readonly id: string | null
}

/** What a check of the database found. */
export interface HealthFinding {
  readonly kind: 'good' | 'note' | 'bad'
  readonly name: string
  readonly text: string
  readonly advice: string | null
}

/** The methods that change credentials. */
export type Manager = Pick<
  Mac,
  | 'createCredential'
  | 'rotateCredential'
  | 'extendCredential'
  | 'disableCredential'
  | 'enableCredential'
  | 'updateCredential'
  | 'revokeCredential'
  | 'deleteCredential'
  | 'resetClockOffset'
>

/** Everything that the pages read and change. */
export interface AdminData {
  /** The server's clock, in whole seconds since 1970. */
  now(): number
  /** The origin that clients sign, if the options fix one. */
  readonly signedOrigin: string | null
  search(search: CredentialSearch): Promise<readonly Credential[]>
  find(id: string): Promise<Credential | null>
  history(search: AuditSearch): Promise<readonly AuditEvent[]>
  traffic(credential: string | null): Promise<readonly TrafficCount[]>
  /** The newest rejected requests of this process. */
  rejections(limit: number): readonly Rejection[]
  rejection(reference: string): Rejection | null
  health(): Promise<readonly HealthFinding[]>
  /** The methods that change credentials, in the name of an actor. */
  actingAs(actor: string): Manager
}
