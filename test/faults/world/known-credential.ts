import { Timeline } from './timeline.ts'

/** Whether a credential is good; `either` while that is being changed, or a change was cut off. */
export type Standing = 'good' | 'bad' | 'either'

/** A credential of which the harness knows what must be true. */
export interface KnownCredential {
  readonly id: string
  readonly key: string
  readonly algorithm: 'hmac-sha-1' | 'hmac-sha-256'
  readonly standing: Timeline<Standing>
  /** How the database must show it. */
  expected: 'active' | 'revoked' | 'absent' | 'unsure'
}

export function knownCredential(
  id: string,
  key: string,
  algorithm: KnownCredential['algorithm'],
): KnownCredential {
  return { id, key, algorithm, standing: new Timeline<Standing>('either'), expected: 'unsure' }
}
