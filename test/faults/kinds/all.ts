import { clocks } from './clocks.ts'
import { copies } from './copies.ts'
import { crashCopy } from './crash-copy.ts'
import { diskFull } from './disk-full.ts'
import type { Fault } from './fault.ts'
import { kill } from './kill.ts'
import { lock } from './lock.ts'
import { pause } from './pause.ts'
import { powerCut } from './power-cut.ts'
import { restart } from './restart.ts'
import { revocation } from './revocation.ts'
import { visitor } from './visitor.ts'

/** All kinds of faults. */
export const FAULTS: readonly Fault[] = [
  kill,
  restart,
  copies,
  clocks,
  diskFull,
  lock,
  pause,
  revocation,
  crashCopy,
  visitor,
  powerCut,
]
