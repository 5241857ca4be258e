import { CustomChart, LineChart, ScatterChart } from 'echarts/charts'
import {
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TitleComponent,
} from 'echarts/components'
import { type EChartsCoreOption, init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'

use([CustomChart, LineChart, ScatterChart, GridComponent, LegendComponent, MarkLineComponent])
use([TitleComponent, SVGRenderer])

/** Colours for a white background. Dark mode replaces each by the one in `IN_THE_DARK`. */
export const INK = '#1f2328'
export const FAINT = '#59636e'
export const RULE = '#d1d9e0'
export const BLUE = '#0969da'
export const ORANGE = '#bc4c00'
const IN_THE_DARK: Readonly<Record<string, string>> = {
  [INK]: '#f0f6fc',
  [FAINT]: '#9198a1',
  [RULE]: '#3d444d',
  [BLUE]: '#4493f8',
  [ORANGE]: '#f0883e',
}

export const FONT = 'system-ui, -apple-system, Segoe UI, Noto Sans, Helvetica, Arial, sans-serif'

/** A chart, and its description for people who cannot see it. */
export interface Chart {
  readonly says: string
  readonly option: EChartsCoreOption
  readonly width: number
  readonly height: number
}

/**
 * Draws a chart as SVG, without a browser. Its background is transparent, and its colours follow the dark or
 * light mode of the reader.
 */
export function drawChart({ says, option, width, height }: Chart): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption({ animation: false, textStyle: { fontFamily: FONT, color: INK }, ...option })
  const svg = chart.renderToSVGString()
  chart.dispose()
  const rules = Object.entries(IN_THE_DARK).map(
    ([light, dark]) => `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`,
  )
  const style = `<style>@media (prefers-color-scheme:dark){${rules.join('')}}</style>`
  // Removes the styles for a pointer, which a picture does not need.
  const still = svg
    .replace(/<style ?><!\[CDATA\[.*?<\/style>/s, '')
    .replace(/ class="zr[^"]*"/g, '')
  const head = `<title>${says}</title>\n${style}`
  return `${still.replace(/<svg[^>]*>/, (tag) => `${tag}\n${head}`).trim()}\n`
}
