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
  /** Whether somebody leads it through its life, so that nobody else may change it. */
  taken: boolean
}

export function knownCredential(
  id: string,
  key: string,
  algorithm: KnownCredential['algorithm'],
): KnownCredential {
  const standing = new Timeline<Standing>('either')
  return { id, key, algorithm, standing, expected: 'unsure', taken: false }
}
