import { readRateLimit } from '../../src/cli/scopes-and-limit.ts'
import { createColors } from '../../src/cli/terminal/colors.ts'
import { readGrace, showAgo, showShortSpan } from '../../src/cli/terminal/moments.ts'
import { type Column, tableLines } from '../../src/cli/terminal/table.ts'
import { expect, test } from '../support/runner.ts'

test.each([
  ['0', 0],
  ['0s', 0],
  ['90s', 90],
  ['24h', 86_400],
  ['366d', 366 * 86_400],
])('--grace %s is %i seconds', (text, seconds) => {
  expect(readGrace(text)).toBe(seconds)
})

test.each([
  ['', 'cannot be read'],
  ['5', 'cannot be read'],
  ['-1h', 'cannot be read'],
  ['never', 'cannot be read'],
  ['1y', 'cannot be read'],
  ['53w', 'more than a year'],
])('--grace %j is refused: %s', (text, reason) => {
  expect(() => readGrace(text)).toThrow(reason)
})

test.each([
  ['100/1m', 100, 60],
  ['1/s', 1, 1],
  ['5000/24h', 5000, 86_400],
])('--rate-limit %s is %i requests in %i seconds', (text, requests, seconds) => {
  expect(readRateLimit(text)).toEqual({ requests, seconds })
})

test.each([
  ['', 'cannot be read'],
  ['100', 'cannot be read'],
  ['0/1m', 'cannot be read'],
  ['100/0m', 'cannot be read'],
  ['1.5/m', 'cannot be read'],
  ['100/60', 'cannot be read'],
  ['100/2d', 'for more than a day'],
])('--rate-limit %j is refused: %s', (text, reason) => {
  expect(() => readRateLimit(text)).toThrow(reason)
})

test.each([
  [5, 'just now'],
  [61, '2 m ago'],
  [3 * 60, '3 m ago'],
  [47 * 3600, '47 h ago'],
  [-100, 'just now'],
])('what was used %i seconds ago is shown as %s', (seconds, text) => {
  const now = new Date()
  expect(showAgo(new Date(now.getTime() - seconds * 1000), now, showShortSpan)).toBe(text)
})

interface Row {
  readonly id: string
  readonly label: string
  readonly day: string
  readonly details: string
}

const ROWS: readonly Row[] = [
  { id: '3f9c2a1be0d14c7fa6b2d9e1', label: 'a long label', day: '2026-11-04', details: 'one two' },
]
const COLUMNS: readonly Column<Row>[] = [
  { title: 'ID', text: ({ id }) => id },
  { title: 'LABEL', text: ({ label }) => label, least: 5, spare: 'last' },
  { title: 'DAY', text: ({ day }) => day, spare: 'first' },
  { title: 'DETAILS', text: ({ details }) => details, below: true },
]

test.each<[number | null, string[]]>([
  [null, ['3f9c2a1be0d14c7fa6b2d9e1  a long label  2026-11-04  one two']],
  [50, ['3f9c2a1be0d14c7fa6b2d9e1  a long label  2026-11-04', '    one two']],
  [49, ['3f9c2a1be0d14c7fa6b2d9e1  a long label', '    one two']],
  [33, ['3f9c2a1be0d14c7fa6b2d9e1  a long…', '    one two']],
  [30, ['3f9c2a1be0d14c7fa6b2d9e1', '    one two']],
])('a table for %j columns leaves out first what can be spared', (width, lines) => {
  const shown = tableLines(COLUMNS, ROWS, createColors({}), width)
  expect(shown.slice(1)).toEqual(lines)
})
