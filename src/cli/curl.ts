import { pasted } from './called-as.ts'
import { quote } from './quote.ts'

/** A signed request, as a curl line shows it. */
export interface CurlRequest {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The body; a file where it starts with `@`. */
  readonly data?: string | undefined
}

/** The curl command that sends a request just as it was signed, for sh, bash, zsh and fish. */
export function curlLine({ method, url, headers, data }: CurlRequest): string {
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
