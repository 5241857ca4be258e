import { join } from 'node:path'
import { scratchFolder } from '../setup/folder.ts'
import { giveBack, given } from '../setup/run-on.ts'
import type { FilledDatabase } from './fill.ts'
import { Subject } from './subject.ts'

/** The settings of a measurement. */
export interface GrowthSettings {
  readonly databases: readonly FilledDatabase[]
  readonly rounds: number
  /** How many waves of requests a timed run has. */
  readonly waves: number
}

/** The result for a database of one size. */
export interface GrowthResult {
  readonly size: number
  /** Microseconds per request, in each round. */
  readonly runs: number[]
  /** The longest turn of the event loop in each round, in milliseconds, for each kind of run. */
  readonly expiring: number[]
  readonly still: number[]
  readonly backlog: number[]
}

const { databases, rounds, waves } = given<GrowthSettings>()
/** How many waves the shorter runs have that measure pauses. */
const watched = Math.ceil(waves / 4)
const folder = scratchFolder()
const measured = databases.map((database) => {
  const { size } = database
  const result: GrowthResult = { size, runs: [], expiring: [], still: [], backlog: [] }
  return { subject: new Subject(database, join(folder, `${size}.db`)), result }
})
for (const { subject } of measured) {
  await subject.assertVerifies()
  await subject.time(waves)
}
for (let round = 0; round < rounds; round++) {
  process.stderr.write(`\rround ${round + 1} of ${rounds} `)
  for (const { subject, result } of measured) {
    result.runs.push(await subject.time(waves))
    result.expiring.push((await subject.pauses(watched, 'runs')).longest)
    result.still.push((await subject.pauses(watched, 'stands')).longest)
  }
}
process.stderr.write('\n')
for (const { subject, result } of measured) {
  await subject.assertSteady()
  subject.skipWindow()
  result.backlog.push((await subject.pauses(waves, 'runs')).longest)
  await subject.close()
}
giveBack(measured.map(({ result }) => result))
