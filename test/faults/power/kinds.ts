import type { Random } from '../random.ts'
import type { Doing } from './acknowledged.ts'
import { afterCut, type Beginning, earlierVersion, NOTHING, toReseal } from './beginnings.ts'
import { Acknowledged } from './judge.ts'
import { diskOf, type Recording } from './recording.ts'
import type { Traced } from './trace.ts'

export type KindName = 'load' | 'prune' | 'migration' | 'second cut' | 'reseal'

/** A kind of recording: the files at the beginning, and the work in whose middle the power is cut. */
export interface Kind {
  readonly name: KindName
  /** The name in the output. */
  readonly title: string
  /** The share of all images that are of this kind. */
  readonly share: number
  readonly focus: Doing | null
  begin(making: Making, random: Random): Beginning | Promise<Beginning>
}

/** The means to make a beginning. */
export interface Making {
  /** A folder for temporary files. */
  readonly root: string
  /** Makes a recording of processes under load. */
  record(random: Random): Promise<Recording>
}

export const KINDS: readonly Kind[] = [
  {
    ...{ name: 'load', title: 'processes under load', share: 0.6, focus: null },
    begin: () => NOTHING,
  },
  {
    ...{ name: 'prune', title: 'while nonces are removed', share: 0.1, focus: 'prune' },
    begin: () => NOTHING,
  },
  {
    ...{ name: 'migration', title: 'while an earlier version is migrated', share: 0.1 },
    focus: 'opening',
    begin: ({ root }, random) => earlierVersion(root, random),
  },
  {
    ...{ name: 'second cut', title: 'a second cut, after the recovery', share: 0.1, focus: null },
    async begin({ record }, random) {
      const recording = await record(random)
      const disk = diskOf(recording)
      const acknowledged = new Acknowledged(recording)
      const until = random.between(Math.floor(recording.steps.length / 3), recording.steps.length)
      for (const step of recording.steps.slice(0, until)) {
        disk.apply(step)
        acknowledged.apply(step)
      }
      return afterCut(disk.cut(random), acknowledged)
    },
  },
  {
    ...{ name: 'reseal', title: 'while keys are re-encrypted', share: 0.1, focus: 'reseal' },
    begin: ({ root }, random) => toReseal(root, random),
  },
]

/**
 * Chooses when the power is cut, as numbers of steps: often just after something was acknowledged, and in
 * the middle of the work that this kind is about.
 */
export function momentsOf(
  recording: Recording,
  { focus }: Kind,
  many: number,
  random: Random,
): readonly number[] {
  const { steps } = recording
  const acknowledged = steps.flatMap(({ what }, at) => (what === 'acknowledged' ? [at + 1] : []))
  const within = focus === null ? [] : momentsWithin(recording, focus)
  const moments = Array.from({ length: many }, () => {
    if (within.length > 0 && random.chance(0.7)) return random.pick(within)
    if (acknowledged.length > 0 && random.chance(0.5)) return random.pick(acknowledged)
    return random.between(0, steps.length)
  })
  return moments.sort((one, other) => one - other)
}

function momentsWithin(recording: Recording, focus: Doing): readonly number[] {
  const acknowledged = new Acknowledged(recording)
  return recording.steps.flatMap((step: Traced, at) => {
    acknowledged.apply(step)
    return acknowledged.isDoing(focus) ? [at + 1] : []
  })
}
