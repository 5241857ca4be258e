/**
 * The header fields that can have to do with what a client signed, or with what a server takes it to
 * have signed. Reports of refusals hold these and no other: no cookies, and no tokens of other schemes'
 * fields.
 */
export const TELLING_HEADERS: readonly string[] = [
  'authorization',
  'host',
  'forwarded',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-uri',
  'x-original-host',
  'x-original-uri',
  'x-original-url',
  'x-rewrite-url',
]
