import { type ClientCredential, signHeaders } from '../client/index.ts'
import { cutUrl } from '../protocol/origin.ts'
import { pasted, quote } from './help.ts'

/** A signed request, as a curl line shows it. */
interface CurlRequest {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The body; a file where it starts with `@`. */
  readonly data?: string | undefined
}

/** The curl command that sends a request just as it was signed, for sh, bash, zsh and fish. */
function curlLine({ method, url, headers, data }: CurlRequest): string {
  const words = ['curl', '-i']
  // Braces and brackets would be taken for patterns.
  if (/[[\]{}]/.test(url)) words.push('--globoff')
  if (method === 'HEAD') words.push('--head')
  else if (method !== (data === undefined ? 'GET' : 'POST')) words.push('-X', quote(method))
  for (const [name, value] of headers) words.push('-H', quote(`${name}: ${value}`))
  if (data !== undefined) {
    words.push(data.startsWith('@') ? '--data-binary' : '--data-raw', quote(data))
  }
  return [...words, quote(url)].join(' ')
}

/** What to say beside a curl line where the shell is likely to be another one. */
export function curlAdvice(): string | null {
  if (process.platform !== 'win32') return null
  return `On Windows paste it into Git Bash or WSL: cmd.exe and older PowerShells read its quotes otherwise. "${pasted('fetch')}" works in any.`
}

/** What is to be sent by curl. */
interface CurlToSign {
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
