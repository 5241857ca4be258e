import { randomBytes } from 'node:crypto'
import { computeMac, type MacAlgorithm } from '../protocol/algorithm.ts'
import { formatAuthorization } from '../protocol/authorization.ts'
import { parseAuthority } from '../protocol/host.ts'
import { cutUrl } from '../protocol/origin.ts'
import { requestString } from '../protocol/request-string.ts'
import { curlLine } from './curl.ts'

export function signedCurl(
  { method, url }: { method: string; url: string },
  credential: { id: string; key: string; algorithm: MacAlgorithm },
): { authorization: string; curl: string } {
  const { scheme, authority, target } = cutUrl(url)
  const ts = String(Math.floor(Date.now() / 1000))
  const nonce = randomBytes(12).toString('base64url')
  const origin = { method, target, ...parseAuthority(authority, scheme) }
  const text = requestString({ ...origin, ts, nonce, ext: null })
  const mac = computeMac(credential.algorithm, credential.key, text)
  const authorization = formatAuthorization({ id: credential.id, ts, nonce, ext: null, mac })
  return {
    authorization,
    curl: curlLine({ method, url, headers: [['Authorization', authorization]] }),
  }
}
