import picocolors from 'picocolors'
import { plain } from '../../protocol/terminal-text.ts'

/** A column of a table. */
export interface Column<Row> {
  readonly title: string
  text(row: Row): string
  /** The column may be cut to this width if the table is too wide. Without it, cells are never cut. */
  readonly least?: number
  /**
   * The column may be left out if the table is too wide: `first`, before any column is cut; `last`, if the
   * table is still too wide after all cuts.
   */
  readonly spare?: 'first' | 'last'
  /** For the last column only: if the table is too wide, its text moves to a line below the row. */
  readonly below?: boolean
  color?(row: Row): (text: string) => string
}

const GAP = '  '
const INDENT = '    '

/**
 * Returns the lines of a table: a head, then one line per row. If the table is wider than `width`, columns
 * are left out or cut as {@link Column} allows, the widest first. If nothing more may be cut, it stays too
 * wide.
 */
export function tableLines<Row>(
  all: readonly Column<Row>[],
  rows: readonly Row[],
  { bold }: Colors,
  width: number | null,
): string[] {
  const { columns, widths, below } = laidOut(all, rows, width)
  const last = columns.length - 1
  const pad = (text: string, at: number) => {
    const shown = cutTo(widths[at] ?? 0, text)
    return at === last ? shown : shown + ' '.repeat((widths[at] ?? 0) - widthOf(shown))
  }
  const head = columns.map(({ title }, at) => bold(pad(title, at))).join(GAP)
  const body = rows.flatMap((row) => {
    const line = columns
      .map((column, at) => (column.color?.(row) ?? String)(pad(cell(column, row), at)))
      .join(GAP)
      .trimEnd()
    const text = below === null ? '' : cell(below, row)
    return text === '' ? [line] : [line, INDENT + wrap(text, width, INDENT.length)]
  })
  return [head, ...body]
}

interface Layout<Row> {
  readonly columns: readonly Column<Row>[]
  readonly widths: readonly number[]
  readonly below: Column<Row> | null
}

/** Decides which columns are shown, how wide they are, and which one moves below the rows. */
function laidOut<Row>(
  all: readonly Column<Row>[],
  rows: readonly Row[],
  width: number | null,
): Layout<Row> {
  let columns = all
  let below: Column<Row> | null = null
  const natural = () => columns.map((column) => naturalWidth(column, rows))
  const without = (spare: Column<Row>['spare']) =>
    columns.filter((column) => column.spare !== spare)
  if (width === null || sum(natural()) <= width) return { columns, widths: natural(), below }
  const last = all.at(-1)
  if (last?.below === true) {
    columns = columns.slice(0, -1)
    below = last
  }
  if (sum(natural()) > width) columns = without('first')
  const least = columns.map((column) => leastWidth(column, rows))
  if (sum(least) > width) columns = without('last')
  return { columns, widths: fitted(columns, natural(), width), below }
}

function cell<Row>(column: Column<Row>, row: Row): string {
  return plain(column.text(row))
}

function naturalWidth<Row>(column: Column<Row>, rows: readonly Row[]): number {
  return Math.max(column.title.length, ...rows.map((row) => widthOf(cell(column, row))))
}

function leastWidth<Row>(column: Column<Row>, rows: readonly Row[]): number {
  const natural = naturalWidth(column, rows)
  return Math.min(natural, column.least ?? natural)
}

/** The width of a line: all columns, and the gaps between them. */
function sum(widths: readonly number[]): number {
  return widths.reduce((all, one) => all + one, GAP.length * (widths.length - 1))
}

/** Cuts the widest columns, one character at a time, until the table fits or nothing more may be cut. */
function fitted<Row>(
  columns: readonly Column<Row>[],
  natural: readonly number[],
  width: number,
): number[] {
  const widths = [...natural]
  while (sum(widths) > width) {
    let widest = -1
    for (const [at, { least }] of columns.entries()) {
      const one = widths[at] ?? 0
      if (least !== undefined && one > least && one > (widths[widest] ?? 0)) widest = at
    }
    if (widest === -1) return widths
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}

/** A name and its value. A field whose value is `null` is not shown. */
export type Field = readonly [name: string, value: string | null]

/** Returns one line per field, with the values aligned. */
export function fieldLines(fields: readonly Field[], { dim }: Colors): string[] {
  const there = fields.filter(([, value]) => value !== null)
  const width = Math.max(...there.map(([name]) => name.length))
  return there.map(([name, value]) => `${dim(name.padEnd(width))}  ${value}`)
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u
const WITHOUT_WIDTH = /\p{Mn}|\p{Me}|[\u200b-\u200c]|\u200d|\ufe0f/u

/** The approximate width of a text on a terminal. The text must not contain control characters. */
function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += widthOfCharacter(character)
  return width
}

/** Cuts a text to a width. If something was cut, it ends with `…`. */
function cutTo(width: number, text: string): string {
  if (widthOf(text) <= width) return text
  let kept = ''
  let left = width - 1
  for (const character of text) {
    left -= widthOfCharacter(character)
    if (left < 0) break
    kept += character
  }
  return `${kept}…`
}

/**
 * Wraps a text between words. A word that is longer than a line is not broken.
 *
 * @param width The width of the terminal; `null` means no limit.
 * @param indent The indentation of all lines after the first. The caller has already written as many
 *   characters before the first line.
 */
export function wrap(text: string, width: number | null, indent: number): string {
  const room = (width ?? Number.POSITIVE_INFINITY) - indent
  if (widthOf(text) <= room || room < 20) return text
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > room) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`)
}

function widthOfCharacter(character: string): number {
  if (WITHOUT_WIDTH.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

export type Colors = ReturnType<typeof picocolors.createColors>

/**
 * Returns colors if the stream is a terminal. If the variable `NO_COLOR` is set and not empty, there are no
 * colors; otherwise `FORCE_COLOR` turns them on everywhere, and `FORCE_COLOR=0` turns them off.
 */
export function createColors(stream: { readonly isTTY?: boolean }): Colors {
  return picocolors.createColors(wanted(stream, process.env))
}

function wanted(
  { isTTY }: { readonly isTTY?: boolean },
  { NO_COLOR, FORCE_COLOR, TERM }: NodeJS.ProcessEnv,
): boolean {
  if (NO_COLOR) return false
  if (FORCE_COLOR) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return isTTY === true && TERM !== 'dumb'
}
