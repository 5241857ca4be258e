import { Command, InvalidArgumentError } from 'commander'
import type { ExplainCredential, ExplainedLine, Explanation } from '../../explain/explanation.ts'
import { pinOrigin } from '../../protocol/origin.ts'
import { plain } from '../../protocol/text.ts'
import { readBytes, textOf } from '../body.ts'
import {
  type CredentialOptions,
  givenCredential,
  storedCredential,
  takesCredential,
} from '../credential.ts'
import { existingPlace, findPlace, type Place } from '../database.ts'
import { EXIT, misuse } from '../failure.ts'
import { examples } from '../help.ts'
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

/** What a request is judged by, and where it was found. */
interface JudgedBy {
  readonly credential: ExplainCredential
  /** In words: a file, a database or variables. */
  readonly from: string
}

/**
 * The credential that a request is judged by: from `--credentials`, else `--id`, else the variables
 * where they are for the identifier that the request names, else the one of that name in the
 * database. Variables for another, as they are left over from other work, come last.
 */
async function credentialToJudgeBy(
  authorization: string | undefined,
  options: CredentialOptions,
  terminal: Terminal,
): Promise<JudgedBy | null> {
  const { identifierOf } = await import('../../explain/lenient-header.ts')
  const named = identifierOf(authorization ?? null)
  const note = (text: string) =>
    terminal.note(`${terminal.errorColors.yellow('note:')} the request names ${text}`)
  const otherThan = (id: string, given: string) => {
    if (named !== null && id !== named) {
      note(`the credential ${plain(named)}, and ${given} ${plain(id)}`)
    }
  }
  const { credentials, id, database } = options
  if (credentials === undefined && id !== undefined) {
    otherThan(id, 'you gave')
    return fromDatabase(existingPlace(database), id)
  }
  const given = givenCredential(options, terminal)
  if (given === null) return named === null ? null : fromDatabase(existingPlace(database), named)
  if (credentials !== undefined) {
    otherThan(given.id, `${plain(credentials)} holds`)
    return { credential: given, from: credentials }
  }
  if (named !== null && given.id !== named) {
    const place = findPlace(database)
    const stored = place.existed ? await fromDatabase(place, named) : null
    if (stored !== null) {
      note(`${plain(named)}, not ${plain(given.id)} as MAC_ID has it: MAC_ID is left aside`)
      return stored
    }
    otherThan(given.id, 'MAC_ID is')
  }
  return { credential: given, from: 'MAC_ID and MAC_KEY' }
}

/** The one of a database; nothing where it is not there, which is what is then explained. */
async function fromDatabase(place: Place, id: string): Promise<JudgedBy | null> {
  const credential = await storedCredential(place, id)
  return credential === null ? null : { credential, from: place.path }
}

/** An explanation for a terminal: the verdict and what differs stand out. */
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

/** The widest that a value may make its column. */
const WIDEST = 60

/**
 * An explanation as text for a terminal or a log, without colours: the sentence, the normalized
 * request string line by line, received against signed, and what else there is to know.
 *
 * What a request holds is shown in printable ASCII, each value on one line: everything else is escaped.
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

/** An empty value is shown as such, and one that spaces would make look like two columns in quotes. */
function quoted(value: string): string {
  const text = printable(value)
  return text === '' || text.trim() !== text || text.includes('  ') ? JSON.stringify(value) : text
}

/** One line, with nothing that a terminal would obey. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (character) => {
    const code = character.charCodeAt(0).toString(16)
    return `\\u${code.padStart(4, '0')}`
  })
}
