import { BLUE, drawChart, FAINT, INK, ORANGE, RULE } from '../report/chart.ts'
import { figure } from '../report/statistics.ts'
import type { GrowthResult } from './measure.ts'

const COLOURS = [BLUE, ORANGE]
const SYMBOLS = ['circle', 'diamond']

/** Draws the time of a verification by the number of nonces in the window. */
export function growthChart(
  measured: readonly { readonly title: string; readonly results: readonly GrowthResult[] }[],
): string {
  const lines = measured.map(({ title, results }, at) => ({
    type: 'line',
    name: title,
    symbol: SYMBOLS[at],
    symbolSize: 9,
    color: COLOURS[at],
    lineStyle: { width: 2 },
    data: results.map(({ size, runs }) => [size, figure(runs).median]),
  }))
  return drawChart({
    says: 'What it costs to verify a request, by the number of nonces in the window',
    option: {
      title: {
        text: 'Microseconds to verify a request, by nonces in the window',
        subtext:
          '64 in flight on a SQLite file, as many nonces expiring as come in. Less is better.',
        left: 16,
        top: 8,
        textStyle: { fontSize: 17, fontWeight: 600, color: INK },
        subtextStyle: { fontSize: 13, color: FAINT },
      },
      legend: {
        left: 16,
        bottom: 8,
        itemGap: 22,
        itemWidth: 34,
        textStyle: { fontSize: 13, color: INK },
      },
      grid: { left: 60, right: 60, top: 78, bottom: 74 },
      xAxis: {
        type: 'log',
        min: 1e4,
        max: 1e7,
        axisLabel: {
          fontSize: 12,
          color: FAINT,
          formatter: (value: number) => value.toLocaleString('en-US'),
        },
        axisLine: { lineStyle: { color: RULE } },
        splitLine: { show: false },
      },
      yAxis: {
        type: 'value',
        min: 0,
        axisLabel: { fontSize: 12, color: FAINT, formatter: '{value} µs' },
        axisLine: { show: false },
        axisTick: { show: false },
        splitLine: { lineStyle: { color: RULE } },
      },
      series: lines,
    },
    width: 860,
    height: 400,
  })
}
