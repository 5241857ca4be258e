import type { ExplainedLine, Explanation } from './explanation.ts'

/** The widest that a value may make its column. */
const WIDEST = 60

/**
 * An explanation as text for a terminal or a log, without colours: the sentence, the normalized
 * request string line by line, received against signed, and what else there is to know.
 *
 * What a request holds is shown in printable ASCII, each value on one line: everything else is escaped.
 */
export function formatExplanation(explanation: Explanation): string {
  const { code, sentence, lines, slips, notes, search } = explanation
  const parts = [[code === null ? sentence : `${code}: ${sentence}`]]
  if (lines.length > 0) parts.push(table(lines))
  if (slips.length > 0) {
    parts.push(slips.map(({ kind, side, change }) => `${kind}, ${side}: ${change}`))
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
