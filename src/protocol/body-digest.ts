import { MacError } from '../errors.ts'
import { isBase64 } from './characters.ts'

/** The supported digests of a body (RFC 9530 §5). */
type DigestAlgorithm = 'sha-256' | 'sha-512'

/** The name of each hash in `node:crypto`, and the length of its base64. */
export const DIGESTS: Readonly<
  Record<DigestAlgorithm, { readonly hash: 'sha256' | 'sha512'; readonly length: number }>
> = {
  'sha-256': { hash: 'sha256', length: 44 },
  'sha-512': { hash: 'sha512', length: 88 },
}

/** The content of an `ext` parameter that has a digest of the body. */
interface BodyExt {
  /** The supported digests, in base64; at least one. */
  readonly digests: ReadonlyMap<DigestAlgorithm, string>
  /** The application's own part of `ext`; `null` if there is none. */
  readonly ext: string | null
}

/**
 * Returns the `ext` parameter of a request whose body is bound to its MAC: the digest, as a dictionary of
 * RFC 9530, then one space and the application's own part.
 *
 * @param digest The SHA-256 of the body, in base64. If there is no body, that of the empty string.
 * @param ext The application's own part; `null` or empty if there is none.
 *
 * @example
 * formatBodyExt('47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=', 'a,b')
 * // sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=: a,b
 */
export function formatBodyExt(digest: string, ext: string | null): string {
  const bound = `sha-256=:${digest}:`
  return ext === null || ext === '' ? bound : `${bound} ${ext}`
}

/** A member of a dictionary whose value is a byte sequence (RFC 8941 §3.2 and §3.3.5). */
const MEMBER = /([a-z*][a-z0-9_.*-]*)=:([^:]*):/y
const LIKE_A_DIGEST = /^sha-(?:256|512)=/i

/**
 * Parses the `ext` parameter of a request whose body may be bound to its MAC.
 *
 * It starts with a dictionary of digests (RFC 9530), joined by a comma and one space. After one space,
 * the application's own part may follow. Digests of other algorithms are ignored. It does *not* compare
 * the digests with the body.
 *
 * @returns `null` if there is no supported digest: then all of `ext` belongs to the application.
 * @throws {@link MacError} `ERR_MAC_BODY_SYNTAX` if a supported digest is malformed or repeated.
 */
export function readBodyExt(ext: string | null): BodyExt | null {
  if (ext === null) return null
  const digests = new Map<DigestAlgorithm, string>()
  let at = 0
  for (;;) {
    MEMBER.lastIndex = at
    const [member, name = '', value = ''] = MEMBER.exec(ext) ?? []
    if (member === undefined) {
      if (digests.size === 0 && !LIKE_A_DIGEST.test(ext.slice(at))) return null
      throw digestError('it is not a dictionary of byte sequences joined by ", "')
    }
    if (isDigestAlgorithm(name)) {
      if (digests.has(name)) throw digestError(`${name} occurs more than once`)
      checkDigest(name, value)
      digests.set(name, value)
    }
    at += member.length
    if (!ext.startsWith(', ', at)) break
    at += 2
  }
  const rest = ext.slice(at)
  if (digests.size === 0) return null
  if (rest !== '' && !rest.startsWith(' ')) {
    throw digestError('there is no space after the digests')
  }
  return { digests, ext: rest.length > 1 ? rest.slice(1) : null }
}

function isDigestAlgorithm(name: string): name is DigestAlgorithm {
  return name === 'sha-256' || name === 'sha-512'
}

function checkDigest(name: DigestAlgorithm, value: string): void {
  if (value.length === DIGESTS[name].length && isBase64(value)) return
  throw digestError(`the value of ${name} is not the base64 of a digest`)
}

function digestError(what: string): MacError {
  return new MacError(
    'ERR_MAC_BODY_SYNTAX',
    `The digest in the parameter ext is malformed: ${what}.`,
  )
}
