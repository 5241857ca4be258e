import { Command } from 'commander'
import { createMacFetch } from '../../client/index.ts'
import { challengeOf } from '../../client/rejection.ts'
import { plain, plainJson } from '../../protocol/terminal-text.ts'
import { gather, readData } from '../body.ts'
import { type CredentialOptions, signingCredential, takesCredential } from '../credential.ts'
import { NOBODY, signedCurl } from '../curl.ts'
import { EXIT, misuse } from '../failure.ts'
import { examples, pasted, version } from '../help.ts'
import { brokenOff, readAddress, unreachable } from '../network.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface FetchOptions extends CredentialOptions {
  readonly request?: string
  readonly data?: readonly string[]
  readonly header?: readonly string[]
  readonly include?: boolean
  readonly ext?: string
  readonly body?: boolean
}

export function fetchCommand(terminal: Terminal): Command {
  const command = new Command('fetch')
    .summary('sends a signed request and prints the response')
    .description(
      `Sends a signed request and writes the body of the response to stdout. Exits with 1 if the status is 400 or higher. Redirects are not followed. To see the whole exchange, use "${pasted('sign --curl')}" and add -v to the curl line.`,
    )
    .argument('<url>', 'the full URL, such as https://api.example.com/me')
    .option('-X, --request <method>', 'the method (default: GET, or POST with a body)')
    .option(
      '-d, --data <data>',
      'the body: text, or @file, or @- for stdin (repeatable: joined by &)',
      gather,
    )
    .option('-H, --header <header>', 'a header, "Name: value" (repeatable)', gather)
    .option('-i, --include', 'also prints the status and headers of the response')
    .option('--ext <text>', 'the ext that the server asks for; it is signed too')
    .option('--body', 'also signs a digest of the body')
  return takesCredential(command)
    .addHelpText(
      'after',
      examples(
        ['withmac fetch http://localhost:3000/', 'with MAC_ID and MAC_KEY'],
        [
          'withmac fetch -i https://api.example.com/me --credentials ada.json',
          'with status and headers',
        ],
        [
          'withmac fetch https://api.example.com/orders -d @order.json -H "Content-Type: application/json" --body',
          'a POST',
        ],
        [
          'withmac fetch https://api.example.com/report --credentials ada.json > report.pdf',
          'into a file',
        ],
      ),
    )
    .action(async (address: string) => {
      const options = command.optsWithGlobals<FetchOptions>()
      const url = readAddress(address)
      const { ext = null, body: bind = false } = options
      // A request that cannot be sent is rejected before a database is opened.
      const request = await requestOf(options)
      signedCurl({ method: request.method ?? 'GET', url, ext }, NOBODY)
      const credential = await signingCredential(options, terminal)
      const macFetch = createMacFetch(credential, { ext, body: bind })
      const response = await macFetch(url, { ...request, redirect: 'manual' }).catch(
        unreachable(url),
      )
      if (response.status >= 400) terminal.status = EXIT.no
      if (terminal.json) {
        const json = await responseJson(response, url)
        terminal.give(json, () => [])
        return
      }
      if (options.include === true) terminal.print(...headLines(response), '')
      await writeBody(response, url, terminal)
      const outcome = outcomeOf(response, terminal)
      if (outcome !== null) terminal.note(`${process.stdout.isTTY ? '\n' : ''}${outcome}`)
    })
}

async function requestOf({ request, data = [], header = [] }: FetchOptions): Promise<RequestInit> {
  const body = await readData(data)
  const method = (request ?? (body === null ? 'GET' : 'POST')).toUpperCase()
  if (body !== null && /^(GET|HEAD)$/.test(method)) {
    throw misuse(`a ${method} request has no body: add -X POST, or leave out --data.`)
  }
  const headers = new Headers({
    'user-agent': `withmac/${version()}`,
    accept: '*/*',
    // No compression, so that the body is printed as the server sent it.
    'accept-encoding': 'identity',
  })
  if (body !== null) headers.set('content-type', 'application/x-www-form-urlencoded')
  for (const field of header) setHeader(headers, field)
  return { method, headers, ...(body === null ? {} : { body: body as BodyInit }) }
}

function setHeader(headers: Headers, field: string): void {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/s.exec(field) ?? []
  if (name === undefined || value === undefined) {
    throw misuse(`--header ${plainJson(field)} is not a header: write "Name: value".`)
  }
  try {
    headers.set(name, value)
  } catch {
    throw misuse(`--header ${plainJson(field)} contains a character that a header cannot contain.`)
  }
}

/** Writes the body to stdout as it arrives. If stdout is a terminal, control characters are escaped. */
async function writeBody({ body }: Response, url: string, terminal: Terminal): Promise<void> {
  if (body === null) return
  const show = process.stdout.isTTY ? forTerminal() : null
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read().catch(brokenOff(url))
    if (done) break
    await terminal.write(show === null ? value : show(value))
  }
  if (show !== null) await terminal.write(show(null))
}

/**
 * Returns a function that decodes a body chunk by chunk and escapes what a terminal would obey or hide.
 * Pass `null` after the last chunk.
 */
export function forTerminal(): (chunk: Uint8Array | null) => string {
  const decoder = new TextDecoder()
  return (chunk) => {
    const text = chunk === null ? decoder.decode() : decoder.decode(chunk, { stream: true })
    return text
      .split(/(\r?\n|\t)/)
      .map((piece, at) => (at % 2 === 0 ? plain(piece) : piece))
      .join('')
  }
}

/** The response as one JSON value. A body that is not UTF-8 is written in base64. */
async function responseJson(response: Response, asked: string): Promise<object> {
  const { url, status, statusText, headers } = response
  const bytes = Buffer.from(await response.arrayBuffer().catch(brokenOff(asked)))
  const text = bytes.toString('utf8')
  const isText = Buffer.from(text).equals(bytes)
  return {
    url,
    status,
    statusText,
    headers: Object.fromEntries(headers),
    body: isText ? text : bytes.toString('base64'),
    bodyEncoding: isText ? 'utf-8' : 'base64',
  }
}

/** What to tell a person about a redirect or an error, in one line; `null` for other responses. */
function outcomeOf(response: Response, { errorColors }: Terminal): string | null {
  const named = plain(`${response.status} ${response.statusText}`.trimEnd())
  if (response.status >= 400) {
    const reason = challengeOf(response)?.error ?? null
    const why = reason === null ? '' : `: ${plain(reason)}`
    return `${errorColors.red('withmac:')} ${named}${why}`
  }
  const location = response.headers.get('location')
  if (response.status < 300 || location === null) return null
  return `${errorColors.yellow('note:')} ${named}: the redirect to ${plain(location)} was not followed`
}

function headLines({ status, statusText, headers }: Response): string[] {
  const first = `HTTP/1.1 ${status} ${plain(statusText)}`.trimEnd()
  return [first, ...[...headers].map(([name, value]) => `${name}: ${plain(value)}`)]
}
