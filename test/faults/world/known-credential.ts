import { Timeline } from './timeline.ts'

/** Whether a credential is valid. `either`: it is being changed, or the change was interrupted. */
export type Status = 'good' | 'bad' | 'either'

/** A credential whose expected state the harness knows. */
export interface KnownCredential {
  readonly id: string
  readonly key: string
  readonly algorithm: 'hmac-sha-1' | 'hmac-sha-256'
  readonly status: Timeline<Status>
  /** How the database must list it. */
  expected: 'active' | 'revoked' | 'absent' | 'unsure'
  /** Whether one fault uses it exclusively. */
  taken: boolean
}

export function knownCredential(
  id: string,
  key: string,
  algorithm: KnownCredential['algorithm'],
): KnownCredential {
  const status = new Timeline<Status>('either')
  return { id, key, algorithm, status, expected: 'unsure', taken: false }
}
