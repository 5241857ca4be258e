import type { TrafficCount } from '../store/types.ts'
import { formatNumber } from './format.ts'
import { type Html, html, raw, scaleBand, scaleLinear, stack } from './vendor.ts'

const UNITS = {
  minute: { size: 60, count: 60, every: 900, per: 'per minute', over: 'in the last hour' },
  hour: { size: 3600, count: 24, every: 14_400, per: 'per hour', over: 'in the last day' },
} as const

type Unit = keyof typeof UNITS

/** One kind of result, with its count in each bucket. */
interface Series {
  readonly name: string
  /** Its number among the colors and patterns. */
  readonly look: number
  readonly values: readonly number[]
}

/** A group of bars over time. */
interface Picture {
  /** Unique on the page. */
  readonly id: string
  readonly title: string
  readonly unit: Unit
  /** When each bucket begins, in seconds since 1970. */
  readonly starts: readonly number[]
  readonly series: readonly Series[]
}

/** The most codes with a pattern of their own. All others are one series. */
const MOST_CODES = 5
const ACCEPTED = 0
const OTHERS = MOST_CODES + 1

/**
 * Draws accepted and rejected requests: per minute over the last hour, and per hour over the last day. They
 * are apart, because a few rejected ones would not be seen below thousands of accepted ones.
 *
 * @param now The server's clock, in seconds since 1970.
 * @param level The level of their headings.
 */
export function pictures(counts: readonly TrafficCount[], now: number, level: 2 | 3): Html {
  const frequent = frequentCodes(counts)
  const drawn = (['minute', 'hour'] as const).flatMap((unit) => {
    const { size, count, per, over } = UNITS[unit]
    const last = Math.floor(now / size) * size
    const starts = Array.from({ length: count }, (_, at) => last - (count - 1 - at) * size)
    const ofUnit = counts.filter((each) => each.unit === unit)
    const accepted = [seriesOf('accepted', ACCEPTED, ofUnit, starts, (code) => code === 'accepted')]
    const common = { unit, starts }
    return [
      { ...common, id: `accepted-${unit}`, title: `Accepted ${per}, ${over}`, series: accepted },
      {
        ...common,
        id: `rejected-${unit}`,
        title: `Rejected ${per}, ${over}, by code`,
        series: rejectedSeries(frequent, ofUnit, starts),
      },
    ]
  })
  return html`<div class="pictures">${drawn.map((picture) => draw(picture, level))}</div>`
}

function seriesOf(
  name: string,
  look: number,
  counts: readonly TrafficCount[],
  starts: readonly number[],
  belongs: (code: string) => boolean,
): Series {
  const sums = new Map<number, number>()
  for (const { start, code, count } of counts) {
    if (belongs(code)) sums.set(start, (sums.get(start) ?? 0) + count)
  }
  return { name, look, values: starts.map((start) => sums.get(start) ?? 0) }
}

/** The most frequent codes, which have a series of their own in every picture of a page. */
function frequentCodes(counts: readonly TrafficCount[]): readonly string[] {
  const totals = new Map<string, number>()
  for (const { code, count } of counts) {
    if (code !== 'accepted') totals.set(code, (totals.get(code) ?? 0) + count)
  }
  const codes = [...totals].sort(([a, most], [b, other]) => other - most || (a < b ? -1 : 1))
  return codes.slice(0, MOST_CODES).map(([code]) => code)
}

/** A series for each of the frequent codes, and one for the rest. A series without requests is left out. */
function rejectedSeries(
  frequent: readonly string[],
  counts: readonly TrafficCount[],
  starts: readonly number[],
): Series[] {
  const own = frequent.map((code, at) =>
    seriesOf(code, at + 1, counts, starts, (each) => each === code),
  )
  const isOther = (code: string) => code !== 'accepted' && !frequent.includes(code)
  const all = [...own, seriesOf('other codes', OTHERS, counts, starts, isOther)]
  return all.filter(({ values }) => values.some((count) => count > 0))
}

const WIDTH = 420
const HEIGHT = 170
const EDGE = { top: 8, right: 6, bottom: 22, left: 40 }

function draw(picture: Picture, level: 2 | 3): Html {
  const { id, title, unit, starts, series } = picture
  const sums = starts.map((_, at) => series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0))
  const total = sums.reduce((sum, count) => sum + count, 0)
  const most = Math.max(...sums)
  const described =
    total === 0
      ? 'There were none.'
      : `${formatNumber(total)} in all; at most ${formatNumber(most)} ${UNITS[unit].per}.`
  return html`<figure class="picture" aria-labelledby="${id}-title">
<figcaption><h${level} id="${id}-title">${title}</h${level}><p class="quiet">${described}</p></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}. ${described} The table below has the numbers.">${bars(picture, most)}</svg>
${total === 0 ? null : legend(picture)}${numbers(picture, sums)}
</figure>`
}

function bars({ id, unit, starts, series }: Picture, most: number): Html {
  const x = scaleBand<number>()
    .domain(starts)
    .range([EDGE.left, WIDTH - EDGE.right])
    .paddingInner(0.15)
  const y = scaleLinear()
    .domain([0, Math.max(most, 4)])
    .nice(4)
    .range([HEIGHT - EDGE.bottom, EDGE.top])
  const rows = starts.map((_, at) =>
    Object.fromEntries(series.map(({ name, values }) => [name, values[at] ?? 0])),
  )
  const stacked = stack<Record<string, number>>().keys(series.map(({ name }) => name))(rows)
  const ticks = y.ticks(4).filter(Number.isInteger)
  const grid = ticks.map((tick) => {
    const at = round(y(tick))
    return html`<line class="grid" x1="${EDGE.left}" x2="${WIDTH - EDGE.right}" y1="${at}" y2="${at}"/><text class="tick" x="${EDGE.left - 6}" y="${round(at + 3.5)}" text-anchor="end">${short(tick)}</text>`
  })
  const { every } = UNITS[unit]
  const labels = starts.map((start) => {
    if (start % every !== 0) return null
    const left = round((x(start) ?? 0) + x.bandwidth() / 2)
    const anchor = left > WIDTH - 20 ? 'end' : left < EDGE.left + 6 ? 'start' : 'middle'
    return html`<text class="tick" x="${left}" y="${HEIGHT - 6}" text-anchor="${anchor}">${clock(start)}</text>`
  })
  const width = round(x.bandwidth())
  const drawn = stacked.map((layer, which) =>
    layer.map(([from, to], at) => {
      if (to === from) return null
      const top = round(y(to))
      return html`<rect x="${round(x(starts[at] ?? 0) ?? 0)}" y="${top}" width="${width}" height="${Math.max(0.75, round(y(from) - top))}" fill="url(#${id}-p${which})" class="edge s${series[which]?.look}"/>`
    }),
  )
  return html`<defs>${series.map(({ look }, which) => pattern(`${id}-p${which}`, look))}</defs>${grid}${drawn}${labels}`
}

/** The marks of the patterns, in a square of 6. With them, the series differ without their colors too. */
const MARKS: readonly string[] = [
  '',
  '<path d="M-1.5 1.5l3-3M0 6l6-6M4.5 7.5l3-3"/>',
  '<path d="M0 1.5h6M0 4.5h6"/>',
  '<circle cx="1.5" cy="1.5" r="1.1"/><circle cx="4.5" cy="4.5" r="1.1"/>',
  '<path d="M1.5 0v6M4.5 0v6"/>',
  '<path d="M-1.5 4.5l3 3M0 0l6 6M4.5 -1.5l3 3"/>',
  '<path d="M0 0l6 6M6 0l-6 6"/>',
]

function pattern(id: string, look: number): Html {
  return html`<pattern id="${id}" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" class="tint s${look}"/><g class="ink s${look}">${raw(MARKS[look] ?? '')}</g></pattern>`
}

function legend({ id, series }: Picture): Html {
  const entries = series.map(
    ({ name, values, look }, which) =>
      html`<li><svg viewBox="0 0 18 12" aria-hidden="true"><rect x="0.5" y="0.5" width="17" height="11" fill="url(#${id}-p${which})" class="edge s${look}"/></svg> <span>${name}</span> <span class="quiet number">${formatNumber(values.reduce((sum, value) => sum + value, 0))}</span></li>`,
  )
  return html`<ul class="legend">${entries}</ul>`
}

/** The numbers behind a picture. Times without any are left out. */
function numbers({ title, unit, starts, series }: Picture, sums: readonly number[]): Html {
  const rows = starts
    .map((start, at) => ({ start, at }))
    .filter(({ at }) => (sums[at] ?? 0) > 0)
    .reverse()
  const each = unit === 'minute' ? 'minute' : 'hour'
  const shown =
    rows.length === 0
      ? html`<p class="quiet">Nothing was counted in any ${each}.</p>`
      : html`<div class="scroll" tabindex="0" role="region" aria-label="${title}, as a table"><table class="numbers">
<thead><tr><th scope="col">${each === 'minute' ? 'Minute' : 'Hour'} (UTC)</th>${series.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
<tbody>${rows.map(({ start, at }) => html`<tr><th scope="row">${clock(start)}</th>${series.map(({ values }) => html`<td class="number">${formatNumber(values[at] ?? 0)}</td>`)}</tr>`)}</tbody>
</table></div>`
  return html`<details><summary>Table<span class="visually-hidden"> of: ${title}</span></summary>${shown}</details>`
}

/** `08:49`, in UTC. */
function clock(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(11, 16)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

const SHORT = new Intl.NumberFormat('en', { notation: 'compact' })

function short(value: number): string {
  return SHORT.format(value)
}
