import type { BenchArguments } from '../setup/arguments.ts'
import { scratchFolder } from '../setup/folder.ts'
import { giveBack, given } from '../setup/run-on.ts'
import { assertVerifies } from './contender.ts'
import { allContenders } from './contenders/all.ts'
import { inRounds } from './rounds.ts'

const { short, before } = given<BenchArguments>()
const contenders = await allContenders(scratchFolder(), before)
for (const contender of contenders) await assertVerifies(contender)
const pace = short ? { runMs: 1, rounds: 1 } : { runMs: 60, rounds: 21 }
const measured = await inRounds(contenders, pace)
for (const contender of contenders) await contender.close?.()
giveBack(measured)
