import picocolors from 'picocolors'
import { plain } from '../../protocol/text.ts'

/** A column of a table. */
export interface Column<Row> {
  readonly title: string
  text(row: Row): string
  /** May be cut to this width where the table would not fit; others are shown whole. */
  readonly least?: number
  /**
   * Is left out where the table would not fit: `first`, before anything is cut, or `last`, where it
   * would not fit with all cut that may be.
   */
  readonly spare?: 'first' | 'last'
  /** Of the last column: has lines of its own below the others where the table would not fit. */
  readonly below?: boolean
  color?(row: Row): (text: string) => string
}

const GAP = '  '
const INDENT = '    '

/**
 * The lines of a table: a head, then a line for each row. Where a width is given and the table does
 * not fit, columns that can be spared are left out, and then those that may be cut are cut, the
 * widest first, until it fits or nothing more may be cut.
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

/** Which columns there are, how wide, and what stands below them. */
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

/** The width of a line, with what stands between the columns. */
function sum(widths: readonly number[]): number {
  return widths.reduce((all, one) => all + one, GAP.length * (widths.length - 1))
}

/** The widths, cut as far as they may and must be. */
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

/** A name and a value, which is left out where it is `null`. */
export type Field = readonly [name: string, value: string | null]

/** Lines of names and values, the values below each other. */
export function fieldLines(fields: readonly Field[], { dim }: Colors): string[] {
  const there = fields.filter(([, value]) => value !== null)
  const width = Math.max(...there.map(([name]) => name.length))
  return there.map(([name, value]) => `${dim(name.padEnd(width))}  ${value}`)
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u
const WITHOUT_WIDTH = /\p{Mn}|\p{Me}|[\u200b-\u200c]|\u200d|\ufe0f/u

/** How many columns a terminal takes for a text without control characters, near enough. */
function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += widthOfCharacter(character)
  return width
}

/** A text cut to a width, with `…` at its end where something was cut. */
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
 * A text in lines of a width, broken between words; a word that is longer stays whole.
 *
 * @param indent How far all lines but the first are moved to the right; it counts for their width, and
 *   for that of the first, before which as much is written already.
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
 * Colours on a terminal alone. `NO_COLOR` keeps them away and `FORCE_COLOR` brings them everywhere,
 * each where it is set and not empty; `FORCE_COLOR=0` keeps them away as well.
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
