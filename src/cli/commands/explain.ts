import { Command, InvalidArgumentError } from 'commander'
import type { ExplainCredential, ExplainedLine, Explanation } from '../../explain/explanation.ts'
import { pinOrigin } from '../../protocol/pinned-origin.ts'
import { plain } from '../../protocol/terminal-text.ts'
import { readBytes, textOf } from '../body.ts'
import {
  type CredentialOptions,
  givenCredential,
  storedCredential,
  takesCredential,
} from '../credential.ts'
import { existingPlace, findPlace } from '../database.ts'
import { EXIT, misuse } from '../failure.ts'
import { examples } from '../help.ts'
import type { Place } from '../place.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { type Colors, wrap } from '../terminal/text.ts'

interface ExplainCommandOptions extends CredentialOptions {
  readonly origin?: string
  readonly trustProxy?: boolean
  readonly now?: number
  readonly window?: number
}

export function explainCommand(terminal: Terminal): Command {
  const command = new Command('explain')
    .summary('explains why a request was rejected, and what to change')
    .description(
      'Reads a rejected request: the JSON of a report of onReject, the output of curl -v, a line of a log, or the request line with its headers. Shows what the server received, what the client signed, and what to change.',
    )
    .argument('[file]', 'the file with the request; - is stdin', '-')
    .option('--origin <origin>', "the server's option origin: what clients sign", readOrigin)
    .option('--trust-proxy', "the server's option trustProxy: uses Forwarded and X-Forwarded-*")
    .option('--now <time>', 'when the request arrived: seconds since 1970, or ISO 8601', readNow)
    .option('--window <seconds>', "the server's option windowSeconds", readSeconds)
  return takesCredential(command)
    .addHelpText(
      'after',
      '\nIf none is set, or if MAC_ID is not the identifier in the request, it looks that identifier up in\nthe database.',
    )
    .addHelpText(
      'after',
      examples(
        ['withmac explain report.json', 'a report of onReject; the key is in mac.db'],
        ['curl -v … 2>&1 | withmac explain --credentials ada.json', 'the output of curl -v'],
        ['withmac explain request.txt --origin https://api.example.com', 'a server behind a proxy'],
      ),
    )
    .action(async (file: string) => {
      const options = command.optsWithGlobals<ExplainCommandOptions>()
      const { explain } = await import('../../explain/explain.ts')
      const seen = await readRequest(file)
      const taken = await credentialToCheckWith(seen.headers.authorization, options, terminal)
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
          : ['', `Checked with the key of ${plain(by.id)} from ${plain(by.from)}.`]),
      ])
      if (!explanation.ok) terminal.status = EXIT.no
    })
}

async function readRequest(file: string) {
  if (file === '-' && process.stdin.isTTY) {
    process.stderr.write('Paste the request, then press Ctrl-D on a new line.\n')
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
    throw new InvalidArgumentError('It must be an origin, such as https://api.example.com.')
  }
}

function readNow(text: string): number {
  const seconds = /^\d{9,11}$/.test(text) ? Number(text) : Date.parse(text) / 1000
  if (Number.isFinite(seconds)) return seconds
  throw new InvalidArgumentError('It must be a time: seconds since 1970, or 2026-01-31T12:00:00Z.')
}

function readSeconds(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number of seconds, from 1 to 99999.')
}

/** The credential to check the request with, and where it comes from. */
interface CheckedWith {
  readonly credential: ExplainCredential
  /** For people: a file, a database or the variables. */
  readonly from: string
}

/**
 * Returns the credential to check the request with. The first that exists wins: `--credentials`, `--id`, the
 * variables if they are for the identifier in the request, that identifier in the database, the variables
 * for another identifier. Such variables may be left over from other work, so they come last.
 */
async function credentialToCheckWith(
  authorization: string | undefined,
  options: CredentialOptions,
  terminal: Terminal,
): Promise<CheckedWith | null> {
  const { identifierOf } = await import('../../explain/lenient-header.ts')
  const named = identifierOf(authorization ?? null)
  const note = (text: string) =>
    terminal.note(`${terminal.errorColors.yellow('note:')} the request names ${text}`)
  const otherThan = (id: string, given: string) => {
    if (named !== null && id !== named) {
      note(`the credential ${plain(named)}, but ${given} ${plain(id)}`)
    }
  }
  const { credentials, id } = options
  if (credentials === undefined && id !== undefined) {
    otherThan(id, 'you gave')
    return fromDatabase(await existingPlace(options), id)
  }
  const given = givenCredential(options, terminal)
  if (given === null)
    return named === null ? null : fromDatabase(await existingPlace(options), named)
  if (credentials !== undefined) {
    otherThan(given.id, `${plain(credentials)} has`)
    return { credential: given, from: credentials }
  }
  if (named !== null && given.id !== named) {
    const place = await findPlace(options)
    const stored = place.existed ? await fromDatabase(place, named) : null
    if (stored !== null) {
      note(`the credential ${plain(named)}, so MAC_ID (${plain(given.id)}) is ignored`)
      return stored
    }
    otherThan(given.id, 'MAC_ID is')
  }
  return { credential: given, from: 'MAC_ID and MAC_KEY' }
}

/** Reads the credential from the database. `null` is not an error: the explanation says that it is unknown. */
async function fromDatabase(place: Place, id: string): Promise<CheckedWith | null> {
  const credential = await storedCredential(place, id)
  return credential === null ? null : { credential, from: place.path }
}

/** The lines of an explanation for a terminal. The verdict and the differences are colored. */
function explanationLines(
  explanation: Explanation,
  colors: Colors,
  columns: number | null,
): string[] {
  const { bold, green, red } = colors
  const [first = '', ...rest] = formatExplanation(explanation).trimEnd().split('\n')
  const sentence = wrap(first, columns, 0)
  const verdict = explanation.ok ? green(sentence) : bold(sentence)
  return [verdict, ...rest.map((line) => (line.endsWith('<- differs') ? red(line) : line))]
}

/** The largest width of a column. */
const WIDEST = 60

/**
 * Formats an explanation as text without colors: the sentence, then each line of the normalized request
 * string as received and as signed, then mistakes and notes.
 *
 * Values of the request are shown in printable ASCII, each on one line. Everything else is escaped.
 */
export function formatExplanation(explanation: Explanation): string {
  const { code, sentence, lines, mistakes, notes, search } = explanation
  const parts = [[code === null ? sentence : `${code}: ${sentence}`]]
  if (lines.length > 0) parts.push(table(lines))
  if (mistakes.length > 0) {
    parts.push(mistakes.map(({ kind, side, change }) => `${kind}, ${side}: ${change}`))
  }
  if (notes.length > 0) parts.push([...notes])
  if (search.tried > 1) parts.push([`${search.tried} combinations were tried.`])
  return `${parts.map((each) => each.map(printable).join('\n')).join('\n\n')}\n`
}

function table(lines: readonly ExplainedLine[]): string[] {
  const found = lines.some(({ signed }) => signed !== null)
  const rows = [
    ['', 'received', found ? 'signed' : ''],
    ...lines.map(({ name, received, signed }) => [
      name,
      quoted(received),
      signed === null ? '' : signed === received ? '=' : `${quoted(signed)}  <- differs`,
    ]),
  ]
  const widths = [0, 1].map((column) =>
    Math.min(WIDEST, Math.max(...rows.map((row) => row[column]?.length ?? 0))),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** Quotes a value that is empty, or whose spaces would look like the gap between two columns. */
function quoted(value: string): string {
  const text = printable(value)
  return text === '' || text.trim() !== text || text.includes('  ') ? JSON.stringify(value) : text
}

/** Escapes everything except printable ASCII. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (character) => {
    const code = character.charCodeAt(0).toString(16)
    return `\\u${code.padStart(4, '0')}`
  })
}
