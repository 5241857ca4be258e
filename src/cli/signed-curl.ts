import { type ClientCredential, signHeaders } from '../client/index.ts'
import { cutUrl } from '../protocol/origin.ts'
import { curlLine } from './curl.ts'

/** What is to be sent by curl. */
export interface CurlToSign {
  readonly method: string
  /** As `readAddress` gives it. */
  readonly url: string
  readonly ext?: string | null
  /** The body as `--data` gives it, for curl to read. */
  readonly data?: string | undefined
  /** The body to bind; left out where it is not to be bound. */
  readonly bound?: Uint8Array | null
}

/** A credential for trials: it tells whether a request can be signed at all. */
export const NOBODY: ClientCredential = { id: 'nobody', key: 'x'.repeat(43) }

/** Signs what curl sends of a URL, which is the URL as it is. */
export function signedCurl(
  { method, url, ext = null, data, bound }: CurlToSign,
  credential: ClientCredential,
): { readonly authorization: string; readonly curl: string } {
  const { target } = cutUrl(url)
  const body = bound === undefined ? {} : { body: bound }
  const { authorization } = signHeaders({ method, url, target, ext, ...body }, credential)
  const headers = [['Authorization', authorization]] as const
  return { authorization, curl: curlLine({ method, url, headers, data }) }
}
