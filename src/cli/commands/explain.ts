import { Command, InvalidArgumentError } from 'commander'
import { pinOrigin } from '../../protocol/pinned-origin.ts'
import { plain } from '../../protocol/plain-text.ts'
import { readBytes, textOf } from '../body.ts'
import { type CredentialOptions, takesCredential } from '../credential.ts'
import { EXIT } from '../exit-status.ts'
import { credentialToJudgeBy } from '../explain-by.ts'
import { explanationLines } from '../explanation-lines.ts'
import { misuse } from '../failure.ts'
import { examples } from '../help.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface ExplainCommandOptions extends CredentialOptions {
  readonly origin?: string
  readonly trustProxy?: boolean
  readonly now?: number
  readonly window?: number
}

export function explainCommand(terminal: Terminal): Command {
  const command = new Command('explain')
    .summary('says why a request was refused, and what to change')
    .description(
      'Reads a request as the server saw it: the JSON of what onReject reports, what curl -v printed, a line of a log, or the head of a request. Shows what was received beside what was signed, and what to change.',
    )
    .argument('[file]', 'where the request stands; - is the standard input', '-')
    .option('--origin <origin>', "the server's option: the origin that clients sign", readOrigin)
    .option('--trust-proxy', "the server's option: Forwarded and X-Forwarded-* are read")
    .option('--now <time>', 'when it came: seconds since 1970, or ISO 8601', readNow)
    .option('--window <seconds>', "the server's option windowSeconds", readSeconds)
  return takesCredential(command)
    .addHelpText(
      'after',
      '\nWithout these, or where MAC_ID is not the one that the request names, it looks that one up in\nthe database.',
    )
    .addHelpText(
      'after',
      examples(
        ['withmac explain report.json', 'the report of onReject, the credential in mac.db'],
        ['curl -v … 2>&1 | withmac explain --credentials ada.json', 'what curl -v prints'],
        ['withmac explain request.txt --origin https://api.example.com', 'behind a proxy'],
      ),
    )
    .action(async (file: string) => {
      const options = command.optsWithGlobals<ExplainCommandOptions>()
      const { explain } = await import('../../explain/explain.ts')
      const seen = await readRequest(file)
      const taken = await credentialToJudgeBy(seen.headers.authorization, options, terminal)
      const { origin, trustProxy, now, window: windowSeconds } = options
      const explanation = explain(seen, taken?.credential ?? null, {
        origin,
        trustProxy,
        now,
        windowSeconds,
      })
      const by = taken && { id: taken.credential.id, from: taken.from }
      terminal.give({ ...explanation, judgedBy: by }, () => [
        ...explanationLines(explanation, terminal.colors, terminal.columns),
        ...(by === null
          ? []
          : ['', `Judged by the key of ${plain(by.id)}, from ${plain(by.from)}.`]),
      ])
      if (!explanation.ok) terminal.status = EXIT.no
    })
}

async function readRequest(file: string) {
  if (file === '-' && process.stdin.isTTY) {
    process.stderr.write('Paste the request, then press Ctrl-D.\n')
  }
  const { readSeenRequest } = await import('../../explain/read-seen.ts')
  try {
    return readSeenRequest(textOf(await readBytes(file), file))
  } catch (error) {
    if (error instanceof TypeError) throw misuse(error.message.replace(/^withmac: /, ''))
    throw error
  }
}

function readOrigin(text: string): string {
  try {
    pinOrigin(text)
    return text
  } catch {
    throw new InvalidArgumentError(
      'It is not an origin: write one such as https://api.example.com.',
    )
  }
}

function readNow(text: string): number {
  const seconds = /^\d{9,11}$/.test(text) ? Number(text) : Date.parse(text) / 1000
  if (Number.isFinite(seconds)) return seconds
  throw new InvalidArgumentError('It is no time: seconds since 1970, or 2026-01-31T12:00:00Z.')
}

function readSeconds(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is no whole number of seconds.')
}
