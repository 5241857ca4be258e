import type { Colors } from './colors.ts'
import { cutTo, plain, widthOf } from './plain.ts'

/** A column of a table. */
export interface Column<Row> {
  readonly title: string
  text(row: Row): string
  /** May be cut to this width where the table would not fit; others are shown whole. */
  readonly least?: number
  color?(row: Row): (text: string) => string
}

const GAP = '  '

/**
 * The lines of a table: a head, then a line for each row. Where a width is given, the columns that
 * may be cut are cut, the widest first, until it fits or nothing more may be cut.
 */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { bold }: Colors,
  width: number | null,
): string[] {
  const cells = rows.map((row) => columns.map((column) => plain(column.text(row))))
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...cells.map((line) => widthOf(line[at] ?? ''))),
  )
  if (width !== null) fit(columns, widths, width)
  const last = columns.length - 1
  const pad = (text: string, at: number) => {
    const shown = cutTo(widths[at] ?? 0, text)
    return at === last ? shown : shown + ' '.repeat((widths[at] ?? 0) - widthOf(shown))
  }
  const head = columns.map(({ title }, at) => bold(pad(title, at))).join(GAP)
  const body = rows.map((row, index) =>
    columns
      .map((column, at) => (column.color?.(row) ?? String)(pad(cells[index]?.[at] ?? '', at)))
      .join(GAP),
  )
  return [head, ...body]
}

function fit<Row>(columns: readonly Column<Row>[], widths: number[], width: number): void {
  const all = () => widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1))
  while (all() > width) {
    let widest = -1
    for (const [at, { least }] of columns.entries()) {
      const one = widths[at] ?? 0
      if (least !== undefined && one > least && one > (widths[widest] ?? 0)) widest = at
    }
    if (widest === -1) return
    widths[widest] = (widths[widest] ?? 0) - 1
  }
}
