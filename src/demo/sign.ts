import { randomBytes } from 'node:crypto'
import type { NewCredential } from '../credentials/credential.ts'
import { computeMac } from '../protocol/algorithm.ts'
import { formatAuthorization } from '../protocol/authorization.ts'
import { parseAuthority } from '../protocol/host.ts'
import { cutUrl } from '../protocol/origin.ts'
import { requestString } from '../protocol/request-string.ts'

/** Signs a GET request, as any client would; gives the value of its `Authorization` header. */
export function sign(credential: NewCredential, url: string, secondsAgo = 0): string {
  const { scheme, authority, target } = cutUrl(url)
  const ts = String(Math.floor(Date.now() / 1000) - secondsAgo)
  const nonce = randomBytes(12).toString('base64url')
  const origin = { method: 'GET', target, ...parseAuthority(authority, scheme) }
  const text = requestString({ ...origin, ts, nonce, ext: null })
  const mac = computeMac(credential.algorithm, credential.key, text)
  return formatAuthorization({ id: credential.id, ts, nonce, ext: null, mac })
}

/** The same header with one character of its MAC changed. */
export function withOneCharacterChanged(header: string): string {
  return header.replace(/mac="(.)/, (_, first) => `mac="${first === 'A' ? 'B' : 'A'}`)
}
