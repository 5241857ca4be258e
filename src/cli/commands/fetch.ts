import { Command } from 'commander'
import { createMacFetch, type MacFetch } from '../../client/index.ts'
import { plain, plainJson } from '../../protocol/plain-text.ts'
import { readAddress } from '../address.ts'
import { gather, readData } from '../body.ts'
import { type CredentialOptions, signingCredential, takesCredential } from '../credential.ts'
import { EXIT } from '../exit-status.ts'
import { misuse } from '../failure.ts'
import { answerJson, giveAnswer } from '../fetch/give-answer.ts'
import { whyRefused } from '../fetch/refused.ts'
import { tellingUnsigned } from '../fetch/unsigned-redirects.ts'
import { loggingFetch } from '../fetch/wire-log.ts'
import { examples } from '../help.ts'
import { unreachable } from '../network.ts'
import { NOBODY, signedCurl } from '../signed-curl.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { version } from '../version.ts'

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
