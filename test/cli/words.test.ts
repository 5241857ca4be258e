import { readRateLimit } from '../../src/cli/credential.ts'
import { lineOn } from '../../src/cli/help.ts'
import { readExpiry, readGrace } from '../../src/cli/terminal/moments.ts'
import { type Column, createColors, tableLines } from '../../src/cli/terminal/text.ts'
import { showAgo, showMoment, showShortSpan, showUse } from '../../src/moments.ts'
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
  ['', 'is not valid'],
  ['5', 'is not valid'],
  ['-1h', 'is not valid'],
  ['never', 'is not valid'],
  ['1y', 'is not valid'],
  ['53w', 'is longer than a year'],
])('--grace %j %s', (text, reason) => {
  expect(() => readGrace(text)).toThrow(reason)
})

const NOW = new Date('2026-11-27T12:00:00Z')

test.each([
  ['2030-12-31', '2030-12-31T00:00:00.000Z'],
  ['2028-02-29', '2028-02-29T00:00:00.000Z'],
  ['2028-02-29T10:00:00Z', '2028-02-29T10:00:00.000Z'],
  ['2028-02-29T23:00:00-05:00', '2028-03-01T04:00:00.000Z'],
  ['30d', '2026-12-27T12:00:00.000Z'],
])('--expires %s is %s', (text, moment) => {
  expect(readExpiry(text, NOW)?.toISOString()).toBe(moment)
})

test.each([
  ['2030-02-30', 'is not valid'],
  ['2030-02-29', 'is not valid'],
  ['2030-13-01', 'is not valid'],
  ['2030-02-30T10:00:00Z', 'is not valid'],
  ['2030', 'is not valid'],
  ['2020-01-01', 'is in the past'],
  ['0d', 'is in the past'],
  ['9999999d', 'is after the year 9999'],
  ['999999999w', 'is after the year 9999'],
])('--expires %s %s', (text, reason) => {
  expect(() => readExpiry(text, NOW)).toThrow(reason)
})

test('a time is shown to the minute, also after the year 9999', () => {
  expect(showMoment(new Date('+029405-12-22T10:20:30Z'))).toBe('+029405-12-22 10:20 UTC')
  expect(showMoment(new Date('2030-12-22T10:20:30.500Z'))).toBe('2030-12-22 10:20 UTC')
})

test.each([
  ['x', 'show', '', 'withmac show x'],
  ['-x', 'show', '', 'withmac show -- -x'],
  ['-x', 'extend', '--expires 30d', 'withmac extend --expires 30d -- -x'],
  ['--yes', 'delete', '', 'withmac delete -- --yes'],
  ['- x', 'extend', '--expires 30d', "withmac extend --expires 30d -- '- x'"],
  ['a b', 'extend', '--expires 30d', "withmac extend 'a b' --expires 30d"],
])(
  'a command line to paste does not read the identifier %j as an option',
  (id, command, options, line) => {
    expect(lineOn(id, command, options).replace(/^.*withmac /, 'withmac ')).toBe(line)
  },
)

test.each([
  ['100/1m', 100, 60],
  ['1/s', 1, 1],
  ['5000/24h', 5000, 86_400],
])('--rate-limit %s is %i requests in %i seconds', (text, requests, seconds) => {
  expect(readRateLimit(text)).toEqual({ requests, seconds })
})

test.each([
  ['', 'is not valid'],
  ['100', 'is not valid'],
  ['0/1m', 'is not valid'],
  ['100/0m', 'is not valid'],
  ['1.5/m', 'is not valid'],
  ['100/60', 'is not valid'],
  ['100/2d', 'is longer than a day'],
])('--rate-limit %j %s', (text, reason) => {
  expect(() => readRateLimit(text)).toThrow(reason)
})

test.each([
  [5, 'just now'],
  [61, '2 m ago'],
  [3 * 60, '3 m ago'],
  [47 * 3600, '47 h ago'],
  [-100, 'just now'],
  [-30 * 86_400, '30 d ahead'],
])('a use %i seconds ago is shown as %s', (seconds, text) => {
  const now = new Date()
  expect(showAgo(new Date(now.getTime() - seconds * 1000), now, showShortSpan)).toBe(text)
})

test('a use in the future, from a clock that was ahead, is not shown as new', () => {
  expect(showUse(new Date(NOW.getTime() + 30 * 86_400_000), NOW)).toBe(
    'last used 30 days ahead of the clock here',
  )
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
])('a table of width %j leaves out columns before it cuts others', (width, lines) => {
  const shown = tableLines(COLUMNS, ROWS, createColors({}), width)
  expect(shown.slice(1)).toEqual(lines)
})
