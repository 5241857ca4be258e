import type { MacFetch } from '../../client/index.ts'
import { plain } from '../../protocol/plain-text.ts'
import { runtimeName } from '../sqlite.ts'

/** A `fetch` that tells what goes over the wire, in the form of `curl -v`. */
export function loggingFetch(write: (line: string) => void): MacFetch {
  write(`* sent by the fetch of ${runtimeName()}, which adds a few header fields of its own`)
  return async (input, init) => {
    const request = new Request(input, { ...init, signal: null })
    const { host, protocol, origin } = new URL(request.url)
    if (protocol === 'https:') write('* SSL connection')
    write(`> ${request.method} ${request.url.slice(origin.length).replace(/#.*/, '')} HTTP/1.1`)
    write(`> Host: ${host}`)
    for (const [name, value] of request.headers) write(`> ${titled(name)}: ${plain(value)}`)
    write('>')
    const response = await fetch(input, init)
    for (const line of headLines(response)) write(`< ${line}`)
    write('<')
    return response
  }
}

/** Status line and header fields of an answer. */
export function headLines({ status, statusText, headers }: Response): string[] {
  const first = `HTTP/1.1 ${status} ${plain(statusText)}`.trimEnd()
  return [first, ...[...headers].map(([name, value]) => `${titled(name)}: ${plain(value)}`)]
}

/** A field's name as it is mostly written: `Content-Type`. */
function titled(name: string): string {
  return name.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase())
}
