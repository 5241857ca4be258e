import type { Colors } from './colors.ts'
import { cutTo, plain, widthOf } from './plain.ts'

/** A column of a table. */
export interface Column<Row> {
  readonly title: string
  text(row: Row): string
  /** May be cut to this width where the table would not fit; others are shown whole. */
  readonly least?: number
  /** Is left out where the table would not fit. */
  readonly spare?: boolean
  color?(row: Row): (text: string) => string
}

const GAP = '  '

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
  const natural = all.map((column) => naturalWidth(column, rows))
  const fits = width === null || sum(natural) <= width
  const columns = fits ? all : all.filter(({ spare }) => spare !== true)
  const widths = fits ? natural : columns.map((column) => naturalWidth(column, rows))
  if (width !== null) fit(columns, widths, width)
  const last = columns.length - 1
  const pad = (text: string, at: number) => {
    const shown = cutTo(widths[at] ?? 0, text)
    return at === last ? shown : shown + ' '.repeat((widths[at] ?? 0) - widthOf(shown))
  }
  const head = columns.map(({ title }, at) => bold(pad(title, at)))
  const body = rows.map((row) =>
    columns.map((column, at) => (column.color?.(row) ?? String)(pad(cell(column, row), at))),
  )
  return [head, ...body].map((cells) => cells.join(GAP))
}

function cell<Row>(column: Column<Row>, row: Row): string {
  return plain(column.text(row))
}

function naturalWidth<Row>(column: Column<Row>, rows: readonly Row[]): number {
  return Math.max(column.title.length, ...rows.map((row) => widthOf(cell(column, row))))
}

/** The width of a line, with what stands between the columns. */
function sum(widths: readonly number[]): number {
  return widths.reduce((all, one) => all + one, GAP.length * (widths.length - 1))
}

function fit<Row>(columns: readonly Column<Row>[], widths: number[], width: number): void {
  while (sum(widths) > width) {
    let widest = -1
    for (const [at, { least }] of columns.entries()) {
      const one = widths[at] ?? 0
      if (least !== undefined && one > least && one > (widths[widest] ?? 0)) widest = at
    }
    if (widest === -1) return
    widths[widest] = (widths[widest] ?? 0) - 1
  }
}
