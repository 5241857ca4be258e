import assert from 'node:assert/strict'
import { collectGarbage } from '../setup/collect.ts'
import type { Contender, Description } from './contender.ts'

/** How long runs are, and how many rounds there are. */
export interface Pace {
  /** How long a run should take, in milliseconds. */
  readonly runMs: number
  readonly rounds: number
}

/** The part of a contender that is timed. */
export type Timed<Prepared = unknown> = Omit<Contender<Prepared>, 'spoil'>

/** The result of a contender: microseconds per request, in each round. */
export interface Measured extends Description {
  readonly runs: readonly number[]
}

/** How many requests a run may have at most: all of them are prepared before it. */
const MOST = 16_384

/**
 * Runs all contenders in each round, each time in another order, so that disturbances of the machine affect
 * all of them. Before each run, its requests are made and signed, and garbage is collected. A quarter of the
 * requests warms the code up. The rest is timed.
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
    const { name, made, key, inFlight, rejectsReplay } = contender
    const description = { name, key, inFlight, rejectsReplay, ...(made !== undefined && { made }) }
    return { ...description, runs: runs.get(contender) ?? [] }
  })
}

/** @returns How many requests take as long as a run should, in whole waves. */
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

/** @returns Microseconds per request, measured over `count` requests. */
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
