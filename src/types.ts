/** How many requests are taken in how many seconds. */
export interface RateLimit {
  readonly requests: number
  readonly seconds: number
}

/** What was done to a credential. */
export type AuditAction =
  | 'created'
  | 'rotated'
  | 'retired'
  | 'extended'
  | 'disabled'
  | 'enabled'
  | 'changed'
  | 'revoked'
  | 'deleted'
