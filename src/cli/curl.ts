import { type ClientCredential, signHeaders } from '../client/index.ts'
import { cutUrl } from '../protocol/url-pieces.ts'
import { pasted, quote } from './help.ts'

/** A signed request, as the curl line sends it. */
interface CurlRequest {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The body, or a file if it starts with `@`. */
  readonly data?: string | undefined
}

/** Returns the curl command that sends exactly what was signed, quoted for sh, bash, zsh and fish. */
function curlLine({ method, url, headers, data }: CurlRequest): string {
  const words = ['curl', '-i']
  // Without --globoff, curl expands braces and brackets.
  if (/[[\]{}]/.test(url)) words.push('--globoff')
  if (method === 'HEAD') words.push('--head')
  else if (method !== (data === undefined ? 'GET' : 'POST')) words.push('-X', quote(method))
  for (const [name, value] of headers) words.push('-H', quote(`${name}: ${value}`))
  if (data !== undefined) {
    words.push(data.startsWith('@') ? '--data-binary' : '--data-raw', quote(data))
  }
  return [...words, quote(url)].join(' ')
}

/** A note for Windows, where the shell may not understand the quotes; `null` elsewhere. */
export function curlAdvice(): string | null {
  if (process.platform !== 'win32') return null
  return `On Windows, paste it into Git Bash or WSL: cmd.exe and older PowerShells do not understand its quotes. "${pasted('fetch')}" works in every shell.`
}

/** A request that curl will send. */
interface CurlToSign {
  readonly method: string
  /** As `readAddress` returns it. */
  readonly url: string
  readonly ext?: string | null
  /** The value of `--data`: curl reads the file itself. */
  readonly data?: string | undefined
  /** The body whose digest is signed. If it is missing, no digest is signed. */
  readonly bound?: Uint8Array | null
}

/** A dummy credential, to check whether a request can be signed before a database is opened. */
export const NOBODY: ClientCredential = { id: 'nobody', key: 'x'.repeat(43) }

/** Signs a request, and returns the header and the curl line that sends it. */
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
