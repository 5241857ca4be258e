import assert from 'node:assert/strict'
import { collectGarbage } from '../setup/collect.ts'
import type { Contender, Description } from './contender.ts'

/** How long, and how often. */
export interface Pace {
  /** What a run should take, in milliseconds. */
  readonly runMs: number
  readonly rounds: number
}

/** What is timed of a contender. */
export type Timed<Prepared = unknown> = Omit<Contender<Prepared>, 'spoil'>

/** What was measured of a contender: microseconds for a request, in each round. */
export interface Measured extends Description {
  readonly runs: readonly number[]
}

/** The most requests that a run may have: they are all prepared before it. */
const MOST = 16_384

/**
 * Lets contenders run in turn, round by round, each time in another order: what disturbs the machine
 * disturbs them alike. Before each run its requests are made and signed, the garbage of that is
 * collected, and a quarter of them warms the code up; the rest is timed.
 */
export async function inRounds(contenders: readonly Timed[], pace: Pace): Promise<Measured[]> {
  const counts = new Map<Timed, number>()
  for (const contender of contenders) counts.set(contender, await calibrated(contender, pace.runMs))
  const runs = new Map<Timed, number[]>(contenders.map((contender) => [contender, []]))
  for (let round = 0; round < pace.rounds; round++) {
    process.stderr.write(`\rround ${round + 1} of ${pace.rounds} `)
    for (const contender of shuffled(contenders)) {
      runs.get(contender)?.push(await timed(contender, counts.get(contender) ?? 1))
    }
  }
  process.stderr.write('\n')
  return contenders.map((contender) => {
    const { name, made, key, inFlight, refusesReplay } = contender
    const description = { name, key, inFlight, refusesReplay, ...(made !== undefined && { made }) }
    return { ...description, runs: runs.get(contender) ?? [] }
  })
}

/** How many requests take as long as a run should, in whole waves. */
async function calibrated(contender: Timed, runMs: number): Promise<number> {
  const { inFlight } = contender
  let count = 2 * inFlight
  for (;;) {
    const ms = ((await timed(contender, count)) * count) / 1000
    const enough = Math.ceil((count * runMs) / ms / inFlight) * inFlight
    const most = Math.max(2 * inFlight, Math.floor(MOST / inFlight) * inFlight)
    if (ms > runMs / 3 || count >= most) return Math.max(2 * inFlight, Math.min(enough, most))
    count = Math.min(4 * count, most)
  }
}

/** Microseconds for a request, over so many of them. */
async function timed(contender: Timed, count: number): Promise<number> {
  contender.reset?.()
  const { inFlight } = contender
  const warm = Math.ceil(count / 4 / inFlight) * inFlight
  const requests: unknown[] = []
  while (requests.length < warm + count) requests.push(await contender.prepare())
  const first = requests.slice(0, warm)
  const rest = requests.slice(warm)
  await collectGarbage()
  await contender.run(first)
  const start = performance.now()
  const accepted = await contender.run(rest)
  const ms = performance.now() - start
  assert.equal(accepted, count, `${contender.name}: every request is accepted`)
  return (ms * 1000) / count
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  const places = items.map((item) => ({ item, place: Math.random() }))
  return places.sort((one, other) => one.place - other.place).map(({ item }) => item)
}
