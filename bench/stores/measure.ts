import { giveBack, given } from '../setup/run-on.ts'
import type { Engines } from './engines.ts'
import {
  type Contender,
  pipelinedSets,
  plainInserts,
  postgresStore,
  redisScript,
  redisStore,
} from './recorders.ts'
import { inRounds, type Recorder } from './rounds.ts'

/** The engines, and how long to measure. */
export interface MeasureSettings {
  readonly engines: Engines
  readonly short: boolean
}

const { engines, short } = given<MeasureSettings>()
const contenders = [
  await postgresStore(engines, 'on'),
  await plainInserts(engines, 'on'),
  await postgresStore(engines, 'off'),
  await plainInserts(engines, 'off'),
  await redisStore(engines, 'redis'),
  await redisStore(engines, 'redisAndPostgres'),
  await redisScript(engines),
  await pipelinedSets(engines),
] as readonly Contender<unknown>[]
const recorders: readonly Recorder[] = contenders.flatMap((contender) => contender.recorders)
const pace = short ? { runMs: 1, rounds: 1 } : { runMs: 250, rounds: 7 }
const measured = await inRounds(recorders, pace)
for (const { close } of contenders) await close()
giveBack(measured)
