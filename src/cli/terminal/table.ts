import { plain } from '../../protocol/plain-text.ts'
import type { Colors } from './colors.ts'
import { cutTo, widthOf, wrap } from './width.ts'

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
