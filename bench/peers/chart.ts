import { BLUE, drawChart, FAINT, INK, ORANGE, RULE } from '../report/chart.ts'
import { figure } from '../report/statistics.ts'
import { number } from '../report/table.ts'
import type { Measurement } from './ratios.ts'

/** What is shown, from top to bottom; a text alone is a heading. */
const ROWS: readonly (string | readonly [label: string, key: string, inFlight: number])[] = [
  'Refuse replays, nonces on disk, 64 in flight',
  ['the limit: HMAC and insert, normal', 'limit-normal', 64],
  ['withmac, normal', 'withmac-normal', 64],
  ['hawk on SQLite, normal', 'hawk-sqlite-normal', 64],
  ['the limit: HMAC and insert, full', 'limit-full', 64],
  ['withmac, full', 'withmac-full', 64],
  ['hawk on SQLite, full', 'hawk-sqlite-full', 64],
  'Refuse replays, nonces in memory, 64 in flight',
  ['withmac, SQLite in memory', 'withmac-memory', 64],
  ['hawk, nonces in a Set', 'hawk-set', 64],
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

/** What a verification costs, with each contender, on each runtime. */
export function peersChart(measurements: readonly Measurement[]): string {
  const labels = ROWS.map((row) => (typeof row === 'string' ? row : row[0]))
  const headings = new Set(ROWS.filter((row) => typeof row === 'string'))
  const style = (label: string) => (headings.has(label) ? `{heading|${label}}` : `{row|${label}}`)
  const option = {
    title: {
      text: 'Microseconds to verify a request',
      subtext: 'Less is better; each line of the grid is ten times the one before.',
      left: 16,
      top: 8,
      textStyle: { fontSize: 17, fontWeight: 600, color: INK },
      subtextStyle: { fontSize: 13, color: FAINT },
    },
    legend: {
      right: 24,
      top: 14,
      itemGap: 20,
      icon: 'inherit',
      textStyle: { fontSize: 13, color: INK },
    },
    grid: { left: 290, right: 72, top: 68, bottom: 34 },
    xAxis: {
      type: 'log',
      min: 1,
      max: 1000,
      axisLabel: { fontSize: 12, color: FAINT, formatter: '{value} µs' },
      axisLine: { show: false },
      splitLine: { lineStyle: { color: RULE } },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: labels,
      axisTick: { show: false },
      axisLine: { show: false },
      axisLabel: {
        interval: 0,
        align: 'left',
        margin: 274,
        formatter: style,
        rich: {
          heading: { fontSize: 12.5, fontWeight: 600, color: FAINT },
          row: { fontSize: 13, color: INK, padding: [0, 0, 0, 12] },
        },
      },
    },
    series: measurements.map((measurement, at) => ({
      type: 'scatter',
      name: measurement.title,
      symbol: SYMBOLS[at],
      symbolSize: at === 0 ? 11 : 12,
      itemStyle: { color: COLOURS[at] },
      data: points(measurement),
    })),
  }
  return drawChart(option, WIDTH, 68 + 34 + ROWS.length * ROW_HEIGHT)
}

function points({ measured }: Measurement): unknown[] {
  return ROWS.flatMap((row, at) => {
    if (typeof row === 'string') return []
    const [, key, inFlight] = row
    const found = measured.find((one) => one.key === key && one.inFlight === inFlight)
    if (found === undefined) return []
    const { median } = figure(found.runs)
    return [{ name: number(median), value: [median, at] }]
  })
}
