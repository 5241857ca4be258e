import type { Figure } from './statistics.ts'

/** A cell of a table. Numbers are aligned to the right. */
export type Cell = string | number

/** @returns A table in Markdown. Its columns are also aligned in a terminal. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = [head, ...rows].map((row) => row.map(String))
  const widths = head.map((_, column) => Math.max(3, ...texts.map((row) => width(row[column]))))
  const toTheRight = head.map((_, column) => rows.some((row) => isNumber(row[column])))
  const line = (row: readonly string[]) =>
    `| ${row.map((text, column) => pad(text, widths[column] ?? 3, toTheRight[column] ?? false)).join(' | ')} |`
  const rule = widths.map((columns, at) =>
    toTheRight[at] ? `${'-'.repeat(columns - 1)}:` : '-'.repeat(columns),
  )
  const [first = [], ...others] = texts
  return [line(first), `| ${rule.join(' | ')} |`, ...others.map(line)].join('\n')
}

/** @returns A number with about three significant digits: 0.534, 4.71, 37.2, 46,100. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const digits = value >= 100 || value === 0 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3
  const rounded = value >= 1000 ? Number(value.toPrecision(3)) : value
  return rounded.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}

/** @returns The quartiles of a figure, as text. */
export function spread({ low, high }: Figure): string {
  return `${number(low)} to ${number(high)}`
}

function isNumber(cell: Cell | undefined): boolean {
  return typeof cell === 'number' || /^[\d,.]+$/.test(cell ?? '')
}

function width(text: string | undefined): number {
  return text?.length ?? 0
}

function pad(text: string, columns: number, toTheRight: boolean): string {
  return toTheRight ? text.padStart(columns) : text.padEnd(columns)
}
