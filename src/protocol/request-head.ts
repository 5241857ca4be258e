import { MacError } from '../errors.ts'
import { TOKEN } from './characters.ts'

/** The part of a `Request` that shows what was signed. */
export interface RequestHead {
  readonly method: string
  readonly url: string
  readonly headers: { get(name: string): string | null }
}

const METHOD = new RegExp(`^[${TOKEN}]{1,64}$`)
/** Methods that need no check: every runtime knows them, and sends them unchanged. */
export const COMMON_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
])

/** Checks and returns the method (RFC 9110 §9.1). */
export function requestMethod(request: RequestHead): string {
  const { method } = request
  if (COMMON_METHODS.has(method) || METHOD.test(method)) return method
  throw new MacError(
    'ERR_MAC_METHOD',
    'The request method is not a token of at most 64 characters.',
  )
}

/**
 * The header fields that show what a client signed, or from which a server finds it out.
 * Reports of rejected requests contain only these: no cookies, and no fields with tokens of other schemes.
 */
export const REPORTED_HEADERS: readonly string[] = [
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
