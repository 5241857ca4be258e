import { BLUE, drawChart, FAINT, INK, ORANGE, RULE } from '../report/chart.ts'
import { figure } from '../report/statistics.ts'
import { number } from '../report/table.ts'
import type { Measurement } from './ratios.ts'

/** A line of the chart. A string is a heading. */
type Row = string | readonly [label: string, key: string, inFlight: number]

const ROWS: readonly Row[] = [
  'Refuse replays, nonces on disk, 64 in flight',
  ['withmac', 'withmac-file', 64],
  ['hawk on SQLite', 'hawk-sqlite', 64],
  'Refuse replays, nonces in memory, 64 in flight',
  ['withmac, SQLite in memory', 'withmac-memory', 64],
  ['hawk, nonces in a Set', 'hawk-set', 64],
  'Does not refuse replays, nonces on disk, 64 in flight',
  ['the limit: HMAC and a bare insert', 'limit', 64],
  'Do not refuse replays, one at a time',
  ['withmac, no store', 'withmac', 1],
  ['hawk, no nonces', 'hawk', 1],
  ['hmac-auth-express', 'hmac-auth-express', 1],
  ['standardwebhooks', 'standardwebhooks', 1],
  ['http-message-signatures', 'http-message-signatures', 1],
  ['jose, jwtVerify', 'jose', 1],
  ['hono, jwt', 'hono-jwt', 1],
  ['hono, bearerAuth', 'hono-bearer', 1],
  ['better-auth, API key on SQLite', 'better-auth', 1],
]

const COLOURS = [BLUE, ORANGE]
const SYMBOLS = ['circle', 'diamond']
const WIDTH = 860
const ROW_HEIGHT = 24

const AXIS = {
  type: 'category',
  inverse: true,
  data: ROWS.map((row) => (typeof row === 'string' ? row : row[0])),
  axisTick: { show: false },
  axisLine: { show: false },
}
const LABEL = {
  interval: 0,
  formatter: (label: string) => `{${styleOf(label)}|${label}}`,
  rich: {
    heading: { fontSize: 12.5, fontWeight: 600, color: FAINT },
    row: { fontSize: 13, color: INK, padding: [0, 0, 0, 12] },
    ours: { fontSize: 13, fontWeight: 700, color: INK, padding: [0, 0, 0, 12] },
  },
}

function styleOf(label: string): 'heading' | 'ours' | 'row' {
  if (ROWS.includes(label)) return 'heading'
  return label.startsWith('withmac') ? 'ours' : 'row'
}

/** Draws the time of a verification with each contender on each runtime. */
export function peersChart(measurements: readonly Measurement[]): string {
  const titles = measurements.map(({ title }) => title)
  const top = 96
  const bottom = 34
  return drawChart({
    says: 'What it costs to verify a request, with withmac and its peers',
    option: {
      title: {
        text: 'Microseconds to verify a request',
        subtext: 'Less is better. Each line of the grid is ten times the one before.',
        left: 16,
        top: 8,
        textStyle: { fontSize: 17, fontWeight: 600, color: INK },
        subtextStyle: { fontSize: 13, color: FAINT },
      },
      legend: {
        left: 346,
        top: 64,
        itemGap: 24,
        data: titles.map((name, at) => ({ name, icon: SYMBOLS[at] })),
        itemWidth: 11,
        itemHeight: 11,
        textStyle: { fontSize: 13, color: INK },
      },
      grid: { left: 350, right: 130, top, bottom },
      xAxis: {
        type: 'log',
        min: 1,
        max: 10 ** Math.ceil(Math.log10(largest(measurements))),
        axisLabel: {
          fontSize: 12,
          color: FAINT,
          formatter: (value: number) => `${value.toLocaleString('en-US')} µs`,
        },
        axisLine: { show: false },
        splitLine: { lineStyle: { color: RULE } },
      },
      yAxis: [
        { ...AXIS, position: 'left', axisLabel: { ...LABEL, align: 'left', margin: 334 } },
        {
          ...AXIS,
          position: 'right',
          data: ROWS.map((row) => medians(row, measurements).map(number).join('  /  ')),
          axisLabel: { interval: 0, align: 'right', margin: 114, fontSize: 12.5, color: INK },
        },
      ],
      series: measurements.map((measurement, at) => ({
        type: 'scatter',
        name: measurement.title,
        symbol: SYMBOLS[at],
        symbolSize: at === 0 ? 11 : 13,
        itemStyle: { color: COLOURS[at], opacity: 1 },
        data: ROWS.flatMap((row, place) => medians(row, [measurement]).map((us) => [us, place])),
      })),
    },
    width: WIDTH,
    height: top + bottom + ROWS.length * ROW_HEIGHT,
  })
}

/** @returns The medians of a row, one for each runtime. A heading has none. */
function medians(row: Row, measurements: readonly Measurement[]): number[] {
  if (typeof row === 'string') return []
  const [, key, inFlight] = row
  return measurements.flatMap(({ measured }) => {
    const found = measured.find((one) => one.key === key && one.inFlight === inFlight)
    return found === undefined ? [] : [figure(found.runs).median]
  })
}

function largest(measurements: readonly Measurement[]): number {
  return Math.max(...ROWS.flatMap((row) => medians(row, measurements)))
}
