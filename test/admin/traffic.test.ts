import { pictures } from '../../src/admin/charts.ts'
import type { TrafficCount } from '../../src/store/types.ts'
import { describe, expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'
import { visitor } from './visitor.ts'

/** 2026-11-28 08:49:36 UTC */
const NOW = 1_795_855_776
const MINUTE = Math.floor(NOW / 60) * 60
const HOUR = Math.floor(NOW / 3600) * 3600

const minute = (ago: number, code: string, count: number): TrafficCount => ({
  ...{ start: MINUTE - 60 * ago, unit: 'minute', code, count },
})

const svgs = (text: string) =>
  [...text.matchAll(/<svg viewBox="0 0 420.*?<\/svg>/gs)].map(([svg]) => svg)
const bars = (svg = '') =>
  [...svg.matchAll(/<rect x="[^"]*"[^>]*class="edge s(\d)"/g)].map(([, look]) => look)

describe('the pictures', () => {
  test('show accepted and rejected requests apart, per minute and per hour', () => {
    const hours: TrafficCount[] = [
      { start: HOUR, unit: 'hour', code: 'accepted', count: 9 },
      { start: HOUR - 23 * 3600, unit: 'hour', code: 'ERR_MAC_REPLAY', count: 2 },
    ]
    const minutes = [
      minute(0, 'accepted', 5),
      minute(59, 'accepted', 7),
      minute(1, 'ERR_MAC_REPLAY', 1),
    ]
    const text = String(pictures([...minutes, ...hours], NOW, 2))
    const drawn = svgs(text)
    expect(drawn.map((svg) => bars(svg))).toEqual([['0', '0'], ['1'], ['0'], ['1']])
    expect(text).toContain('12 in all; at most 7 per minute.')
    expect(text).toContain('2 in all; at most 2 per hour.')
  })

  test('leave out what is older than the hour or the day', () => {
    const old: TrafficCount = { start: HOUR - 24 * 3600, unit: 'hour', code: 'accepted', count: 9 }
    const text = String(pictures([minute(60, 'accepted', 5), old], NOW, 2))
    expect(svgs(text).flatMap(bars)).toEqual([])
    expect(text.match(/There were none\./g)?.length).toBeGreaterThan(3)
  })

  test('give each of the most frequent codes a pattern, and one to all others', () => {
    const codes = ['A', 'B', 'C', 'D', 'E', 'F', 'G']
    const counts = codes.map((code, at) => minute(1, `ERR_MAC_${code}`, 10 - at))
    const text = String(pictures(counts, NOW, 2))
    expect(bars(svgs(text)[1])).toEqual(['1', '2', '3', '4', '5', '6'])
    expect(text).toContain('<span>other codes</span> <span class="quiet number">9</span>')
    // Each series refers to a pattern that exists, so it can be told without its color.
    const used = [...text.matchAll(/fill="url\(#([^)]*)\)"/g)].map(([, id]) => id)
    expect(used.length).toBeGreaterThan(11)
    expect(used.filter((id) => !text.includes(`<pattern id="${id}"`))).toEqual([])
  })

  test('give a code the same pattern in all pictures of a page', () => {
    const hour: TrafficCount = { start: HOUR, unit: 'hour', code: 'ERR_MAC_REPLAY', count: 50 }
    const counts = [minute(0, 'ERR_MAC_MISSING', 9), minute(0, 'ERR_MAC_REPLAY', 1), hour]
    const [, perMinute, , perHour] = svgs(String(pictures(counts, NOW, 2)))
    expect([bars(perMinute), bars(perHour)]).toEqual([['1', '2'], ['1']])
  })

  test('have a table with the numbers behind each', () => {
    const text = String(
      pictures([minute(0, 'accepted', 1234), minute(3, 'ERR_MAC_REPLAY', 2)], NOW, 2),
    )
    expect(text.match(/<details>/g)).toHaveLength(4)
    expect(text).toContain('<th scope="row">08:49</th><td class="number">1,234</td>')
    expect(text).toContain('<th scope="row">08:46</th><td class="number">2</td>')
    expect(text).toContain('<svg viewBox="0 0 420 170" role="img" aria-label="Accepted per minute')
  })

  test('have bars whose heights are the counts', () => {
    const text = String(pictures([minute(0, 'accepted', 10), minute(1, 'accepted', 5)], NOW, 2))
    const heights = [...(svgs(text)[0] ?? '').matchAll(/height="([\d.]+)" fill="url/g)].map(
      ([, height]) => Number(height),
    )
    expect(heights).toEqual([70, 140])
  })
})

test('the page of a credential asks for its own counts, the traffic page for all', async () => {
  const asked: (string | null)[] = []
  const { get, mac } = visitor({
    async traffic(credential) {
      asked.push(credential)
      return []
    },
  })
  await mac.createCredential('ada', { id: 'x' })
  expect((await get('/admin/credential?id=x')).status).toBe(200)
  const { text } = await get('/admin/traffic')
  expect(text).toContain('No requests were counted in the last day.')
  expect(asked).toEqual(['x', null])
})

test('requests of the server are on the pages', async () => {
  const { get, mac, clock } = visitor()
  const { key } = await mac.createCredential('ada', { id: 'x' })
  const app = mac.withMac(() => new Response())
  const send = (credential: string, by: string) =>
    app(signed({ id: credential, key: by }, 'http://a.example/', { ts: clock.seconds }))
  for (let times = 0; times < 3; times++) expect((await send('x', key)).status).toBe(200)
  await send('x', 'wrong')
  await send('unknown', 'wrong')
  const all = (await get('/admin/traffic')).text
  expect(all).toContain('3 in all; at most 3 per minute.')
  expect(all).toContain('2 in all; at most 2 per minute.')
  expect(all).toContain('<span>ERR_MAC_UNKNOWN_IDENTIFIER</span>')
  const own = (await get('/admin/credential?id=x')).text
  expect(own).toContain('3 in all; at most 3 per minute.')
  expect(own).toContain('1 in all; at most 1 per minute.')
  expect(own).not.toContain('ERR_MAC_UNKNOWN_IDENTIFIER')
})
