import assert from 'node:assert/strict'
import type { Pace } from '../peers/rounds.ts'
import { collectGarbage } from '../setup/collect.ts'
import { MAC_CHANNELS, type MacBatch } from '../withmac.ts'
import { engineCpuSeconds } from './engines.ts'

/** What records nonces in an engine. */
export interface Description {
  readonly kind: Kind
  /** The setting `synchronous_commit` of PostgreSQL; `null` for Redis. */
  readonly synchronous: 'on' | 'off' | null
  readonly inFlight: number
}

/** The contenders, by their names in the tables. */
export const KINDS = {
  postgres: 'PostgreSQL',
  insert: 'plain inserts',
  redis: 'Redis, SQLite in memory',
  redisAndPostgres: 'Redis, PostgreSQL',
  script: 'the script alone',
  set: 'pipelined SET NX',
} as const
export type Kind = keyof typeof KINDS

/** One way to record nonces, `inFlight` at a time. */
export interface Recorder<Item = unknown> extends Description {
  /** The first process of the engine whose time is measured. */
  readonly enginePid: number
  /** @returns A new nonce, in the form that is recorded. This is not timed. */
  prepare(): Item
  /** Records all. @returns How many were new. */
  record(all: readonly Item[]): Promise<number>
}

/** A run, in microseconds per nonce. */
export interface Run {
  readonly took: number
  /** The processor time of the engine. */
  readonly engine: number
  /** The processor time of the process that records. */
  readonly own: number
}

/** All runs of a recorder. */
export interface Measured extends Description {
  readonly runs: readonly Run[]
  /** How many nonces a batch of the store had in the mean; `null` for what is not the store. */
  readonly batch: number | null
}

/** The number of nonces that are prepared for a run. */
const MOST = 131_072

/**
 * Runs all recorders in each round, each time in another order, so that disturbances of the machine affect all of
 * them. Before each run its nonces are made, and garbage is collected. A quarter of them warms the code up, and
 * shows the size of batches. The rest is timed.
 */
export async function inRounds(recorders: readonly Recorder[], pace: Pace): Promise<Measured[]> {
  const entries: { recorder: Recorder; count: number; runs: Run[]; batches: number[] }[] = []
  for (const recorder of recorders) {
    const count = await calibrated(recorder, pace.runMs)
    entries.push({ recorder, count, runs: [], batches: [] })
  }
  for (let round = 1; round <= pace.rounds; round++) {
    process.stderr.write(`\rround ${round} of ${pace.rounds} `)
    const order = entries.map((entry) => ({ entry, place: Math.random() }))
    order.sort((one, other) => one.place - other.place)
    for (const { entry } of order) {
      const { recorder, count, runs, batches } = entry
      runs.push(await timed(recorder, count, batches))
    }
  }
  process.stderr.write('\n')
  return entries.map(({ recorder: { kind, synchronous, inFlight }, runs, batches }) => {
    const total = batches.reduce((sum, size) => sum + size, 0)
    const batch = batches.length === 0 ? null : total / batches.length
    return { kind, synchronous, inFlight, runs, batch }
  })
}

/** @returns How many nonces take as long as a run should. */
async function calibrated(recorder: Recorder, runMs: number): Promise<number> {
  const least = 4 * recorder.inFlight
  let count = least
  for (;;) {
    const ms = ((await timed(recorder, count)).took * count) / 1000
    const enough = Math.ceil((count * runMs) / ms)
    if (ms > runMs / 3 || count >= MOST) return Math.min(MOST, Math.max(least, enough))
    count = Math.min(MOST, 4 * count)
  }
}

async function timed(recorder: Recorder, count: number, batches: number[] = []): Promise<Run> {
  const items = Array.from({ length: count }, () => recorder.prepare())
  const first = items.splice(0, Math.ceil(count / 4))
  await collectGarbage()
  const countBatch = ({ size }: MacBatch) => void batches.push(size)
  MAC_CHANNELS.batch.subscribe(countBatch)
  await recorder.record(first)
  MAC_CHANNELS.batch.unsubscribe(countBatch)
  const engine = engineCpuSeconds(recorder.enginePid)
  const own = process.cpuUsage()
  const start = performance.now()
  const recorded = await recorder.record(items)
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(own)
  const engineSeconds = engineCpuSeconds(recorder.enginePid) - engine
  const { length } = items
  assert.equal(recorded, length, `${KINDS[recorder.kind]}: every nonce is new`)
  return {
    took: (ms * 1000) / length,
    engine: (engineSeconds * 1e6) / length,
    own: (user + system) / length,
  }
}
