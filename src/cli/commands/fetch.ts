import { createWriteStream } from 'node:fs'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Command } from 'commander'
import { createMacFetch, type MacFetch } from '../../client/index.ts'
import { plain, plainJson } from '../../protocol/text.ts'
import { gather, readData } from '../body.ts'
import { type CredentialOptions, signingCredential, takesCredential } from '../credential.ts'
import { NOBODY, signedCurl } from '../curl.ts'
import { runtimeName } from '../database.ts'
import { EXIT, misuse, unusableFile } from '../failure.ts'
import { examples, version } from '../help.ts'
import { readAddress, unreachable } from '../network.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface FetchOptions extends CredentialOptions {
  readonly request?: string
  readonly data: readonly string[]
  readonly header: readonly string[]
  readonly include?: boolean
  readonly verbose?: boolean
  readonly output?: string
  readonly location?: boolean
  readonly ext?: string
  readonly body?: boolean
}

export function fetchCommand(terminal: Terminal): Command {
  const command = new Command('fetch')
    .summary('sends a signed request, and shows the answer')
    .description(
      'Sends a signed request and writes the body of the answer to the standard output, as curl does. Ends with 1 where the status is 400 or more.',
    )
    .argument('<url>', 'where the request goes, whole')
    .option('-X, --request <method>', 'the method (default: GET, or POST with a body)')
    .option(
      '-d, --data <data>',
      'the body, or the file that holds it: @file, or @- (repeatable)',
      gather,
      [],
    )
    .option('-H, --header <field>', 'a header field, "Name: value" (repeatable)', gather, [])
    .option('-i, --include', 'shows status and header fields of the answer as well')
    .option('-v, --verbose', 'tells on stderr what goes over the wire')
    .option('-o, --output <file>', 'writes the body to a file')
    .option(
      '-L, --location',
      'follows redirects: signed anew on the same origin, unsigned to another',
    )
    .option('--ext <text>', 'what is signed besides, where the server asks for it')
    .option('--body', 'binds the body: its digest is signed as well')
  return takesCredential(command)
    .addHelpText(
      'after',
      examples(
        ['withmac fetch http://localhost:3000/', 'with MAC_ID and MAC_KEY'],
        ['withmac fetch -i https://api.example.com/me --credentials ada.json', 'with the status'],
        [
          'withmac fetch https://api.example.com/orders -d @order.json -H "Content-Type: application/json" --body',
          'a POST',
        ],
      ),
    )
    .action(async (address: string) => {
      const options = command.optsWithGlobals<FetchOptions>()
      if (terminal.json && options.output !== undefined) {
        throw misuse('--json shows the answer, body and all: leave --output out, or --json.')
      }
      const url = readAddress(address)
      const { ext = null, body: bind = false, location = false } = options
      // What cannot be sent is said before a database is opened.
      const request = await requestOf(options)
      signedCurl({ method: request.method ?? 'GET', url, ext }, NOBODY)
      const credential = await signingCredential(options, terminal)
      const log = (line: string) => process.stderr.write(`${terminal.errorColors.dim(line)}\n`)
      const send: MacFetch =
        options.verbose === true ? loggingFetch(log) : (input, init) => fetch(input, init)
      const telling = tellingUnsigned(send, (origin) => {
        const { yellow } = terminal.errorColors
        terminal.note(
          `${yellow('note:')} a redirect to ${origin} is followed unsigned: a signature is for the origin it was made for`,
        )
      })
      const macFetch = createMacFetch(credential, { ext, body: bind, fetch: telling })
      const redirect = location ? 'follow' : 'manual'
      const response = await macFetch(url, { ...request, redirect }).catch(unreachable(url))
      await give(response, options, terminal)
    })
}

async function requestOf({ request, data, header }: FetchOptions): Promise<RequestInit> {
  const body = await readData(data)
  const method = (request ?? (body === null ? 'GET' : 'POST')).toUpperCase()
  if (body !== null && /^(GET|HEAD)$/.test(method)) {
    throw misuse(`a ${method} has no body: write -X POST, or leave --data out.`)
  }
  const headers = new Headers({
    'user-agent': `withmac/${version()}`,
    accept: '*/*',
    // What is shown is what was sent.
    'accept-encoding': 'identity',
  })
  if (body !== null) headers.set('content-type', 'application/x-www-form-urlencoded')
  for (const field of header) setField(headers, field)
  return { method, headers, ...(body === null ? {} : { body: body as BodyInit }) }
}

function setField(headers: Headers, field: string): void {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/s.exec(field) ?? []
  if (name === undefined || value === undefined) {
    throw misuse(`--header ${plainJson(field)} is no header field: write "Name: value".`)
  }
  try {
    headers.set(name, value)
  } catch {
    throw misuse(`--header ${plainJson(field)} holds what a header field cannot.`)
  }
}

async function give(response: Response, options: FetchOptions, terminal: Terminal): Promise<void> {
  const refused = response.status >= 400
  if (refused) terminal.status = EXIT.no
  if (terminal.json) {
    const answer = await answerJson(response)
    terminal.give(answer, () => [])
    return
  }
  const { include = false, output = null } = options
  const copy = refused ? new Uint8Array(await response.clone().arrayBuffer()) : null
  await giveAnswer(response, { include, output }, terminal)
  if (!refused) return
  const { red } = terminal.errorColors
  terminal.note(
    `${process.stdout.isTTY ? '\n' : ''}${red('withmac:')} ${plain(whyRefused(response, copy))}`,
  )
}

/**
 * Writes an answer as curl does: its body as it comes, to the standard output or a file. On a terminal,
 * what it would obey or hide is escaped.
 */
async function giveAnswer(
  response: Response,
  { include, output }: { readonly include: boolean; readonly output: string | null },
  terminal: Terminal,
): Promise<void> {
  if (include) terminal.print(...headLines(response), '')
  if (response.body === null) return
  const body = Readable.from(response.body)
  if (output === null) return pipeline(body, toStandardOutput())
  try {
    await pipeline(body, createWriteStream(output))
  } catch (error) {
    throw unusableFile(`${output} cannot be written: ${(error as Error).message}`)
  }
}

/** The standard output must not be closed. */
function toStandardOutput(): Writable {
  const shown = process.stdout.isTTY ? forTerminal() : null
  return new Writable({
    write(chunk: Uint8Array, _, done) {
      process.stdout.write(shown === null ? chunk : shown(chunk), (error) => done(error))
    },
    final(done) {
      if (shown === null) done()
      else process.stdout.write(shown(null), (error) => done(error))
    },
  })
}

/** Makes text for a terminal of what comes in pieces; `null` stands for the end. */
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

/** An answer as one JSON value. A body that is no text is written in base64. */
async function answerJson(response: Response): Promise<object> {
  const { url, status, statusText, headers } = response
  const bytes = Buffer.from(await response.arrayBuffer())
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

/** Why an answer of 400 or more was given, in one line, as far as it says. */
function whyRefused(response: Response, body: Uint8Array | null): string {
  const { status, statusText, headers } = response
  const title = body === null ? null : titleOf(headers.get('content-type'), body)
  const challenge = /\berror="((?:[^"\\]|\\.)*)"/.exec(headers.get('www-authenticate') ?? '')?.[1]
  const why = challenge?.replace(/\\(.)/g, '$1') ?? title
  const named = `${status} ${statusText}`.trimEnd()
  return why === undefined || why === null ? named : `${named}: ${why}`
}

/** The title of a problem document (RFC 9457). */
function titleOf(type: string | null, body: Uint8Array): string | null {
  if (!/^application\/problem\+json\b/i.test(type ?? '')) return null
  try {
    const { title } = JSON.parse(new TextDecoder().decode(body)) as { title?: unknown }
    return typeof title === 'string' ? title : null
  } catch {
    return null
  }
}

/** A `fetch` that tells where it sends what is not signed, as redirects to another origin are. */
function tellingUnsigned(send: MacFetch, tell: (origin: string) => void): MacFetch {
  return (input, init) => {
    if (!new Headers(init?.headers).has('authorization')) tell(new URL(String(input)).origin)
    return send(input, init)
  }
}

/** A `fetch` that tells what goes over the wire, in the form of `curl -v`. */
function loggingFetch(write: (line: string) => void): MacFetch {
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
function headLines({ status, statusText, headers }: Response): string[] {
  const first = `HTTP/1.1 ${status} ${plain(statusText)}`.trimEnd()
  return [first, ...[...headers].map(([name, value]) => `${titled(name)}: ${plain(value)}`)]
}

/** A field's name as it is mostly written: `Content-Type`. */
function titled(name: string): string {
  return name.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase())
}
