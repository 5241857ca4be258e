import { Command } from 'commander'
import { isPlainText } from '../../protocol/text.ts'
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
    .summary('signs a request: the header, or a curl line')
    .description(
      'Prints the Authorization header of a request, or with --curl the whole curl command. It is good for one use, and for minutes.',
    )
    .argument('<method>', 'GET, POST, …')
    .argument('<url>', 'where the request goes, whole')
    .option('--curl', 'prints a curl line, to be pasted into sh, bash, zsh or fish')
    .option('--ext <text>', 'what is signed besides, where the server asks for it')
    .option('-d, --data <data>', 'the body, or the file that holds it: @file')
    .option('--body', 'binds the body: its digest is signed as well')
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
          `a ${method} has no body: most servers drop it. Write POST, or leave --data out.`,
        )
      }
      const bound = bind ? { bound: await readData(data === undefined ? [] : [data]) } : {}
      // What cannot be signed is said before a database is opened.
      const request = { method, url, ext, data, ...bound }
      const trial = signedCurl(request, NOBODY)
      if (
        options.curl === true &&
        !terminal.json &&
        !isPlainText(trial.curl.replaceAll('\n', ''))
      ) {
        throw misuse(
          'the curl line would hold control or invisible characters, which cannot be pasted safely: put the body into a file, and write -d @file.',
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
