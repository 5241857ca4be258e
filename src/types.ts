/** How many requests are taken in how many seconds. */
export interface RateLimit {
  readonly requests: number
  readonly seconds: number
}

/** The header fields that tell a client of its limit (draft-ietf-httpapi-ratelimit-headers-11). */
export interface RateLimitFields {
  /** What is allowed: `"requests";q=100;w=60`. */
  readonly 'RateLimit-Policy': string
  /** What is left of it, and the seconds until all of it is there again: `"requests";r=99;t=60`. */
  readonly RateLimit: string
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
