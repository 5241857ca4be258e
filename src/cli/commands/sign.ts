import { Command } from 'commander'
import { isPlainText } from '../../protocol/terminal-text.ts'
import { readData } from '../body.ts'
import { type CredentialOptions, signingCredential, takesCredential } from '../credential.ts'
import { curlAdvice, NOBODY, signedCurl } from '../curl.ts'
import { misuse } from '../failure.ts'
import { examples } from '../help.ts'
import { readAddress } from '../network.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface SignOptions extends CredentialOptions {
  readonly ext?: string
  readonly data?: string
  readonly body?: boolean
  readonly curl?: boolean
}

export function signCommand(terminal: Terminal): Command {
  const command = new Command('sign')
    .summary('signs a request and prints the header, or a curl line')
    .description(
      'Prints the Authorization header of a request, or the whole curl command with --curl. It can be used once, within a few minutes.',
    )
    .argument('<method>', 'GET, POST, …')
    .argument('<url>', 'the full URL, such as https://api.example.com/me')
    .option('--curl', 'prints a curl line to paste into sh, bash, zsh or fish')
    .option('--ext <text>', 'the ext that the server asks for; it is signed too')
    .option('-d, --data <data>', 'the body: text, or @file')
    .option('--body', 'also signs a digest of the body')
  return takesCredential(command)
    .addHelpText(
      'after',
      examples(
        ['withmac sign GET http://localhost:3000/', 'with MAC_ID and MAC_KEY'],
        [
          'withmac sign GET http://localhost:3000/ --id 3f9c2a1be0d14c7fa6b2d9e1 --curl',
          'a curl line',
        ],
        [
          'withmac sign POST https://api.example.com/orders -d @order.json --body --curl',
          'with a body',
        ],
      ),
    )
    .action(async (given: string, address: string) => {
      const options = command.optsWithGlobals<SignOptions>()
      const { ext = null, data, body: bind = false } = options
      const method = given.toUpperCase()
      const url = readAddress(address)
      if (data !== undefined && /^(GET|HEAD)$/.test(method)) {
        throw misuse(
          `a ${method} request has no body (most servers ignore one): use POST, or leave out --data.`,
        )
      }
      const bound = bind ? { bound: await readData(data === undefined ? [] : [data]) } : {}
      // A request that cannot be signed is rejected before a database is opened.
      const request = { method, url, ext, data, ...bound }
      const trial = signedCurl(request, NOBODY)
      if (
        options.curl === true &&
        !terminal.json &&
        !isPlainText(trial.curl.replaceAll('\n', ''))
      ) {
        throw misuse(
          'the curl line would contain control or invisible characters, which are not safe to paste: put the body into a file, and use -d @file.',
        )
      }
      const credential = await signingCredential(options, terminal)
      const signed = signedCurl(request, credential)
      const { authorization, curl } = signed
      terminal.give({ method, url, headers: { Authorization: authorization }, curl }, () => [
        options.curl === true ? curl : `Authorization: ${authorization}`,
      ])
      const advice = options.curl === true ? curlAdvice() : null
      if (advice !== null) terminal.note(advice)
    })
}
