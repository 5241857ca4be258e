import type { Goal } from '../report/goals.ts'
import { ratio } from '../report/statistics.ts'
import type { RuntimeName } from '../setup/runtimes.ts'
import type { Kind } from './kinds.ts'
import type { HttpRun } from './run-once.ts'

/** How requests are sent. */
export interface Scene {
  readonly connections: number
  readonly pinned: boolean
}

/** All runs of a runtime in a scene, by kind. A kind may have no runs. */
export interface HttpMeasurement {
  readonly runtime: RuntimeName
  readonly title: string
  readonly scene: Scene
  readonly runs: Readonly<Record<Kind, HttpRun[]>>
}

/** The goals: at least this share of the plain handler's rate, and of Hawk's. Deno has no goal. */
const WANTED: Partial<Record<RuntimeName, { readonly plain: number; readonly hawk: number }>> = {
  bun: { plain: 0.45, hawk: 2 },
  'node-24': { plain: 0.5, hawk: 1 },
}

/** The scene that the goals are for. */
const MEANT: Scene = { connections: 64, pinned: true }

/** @returns The name of a scene in the output. */
export function sceneTitle({ connections, pinned }: Scene): string {
  return `${connections} connections${pinned ? '' : ', not pinned'}`
}

/** @returns The ratios for one runtime, with their goals if there are any. */
export function httpGoals({ runtime, title, scene, runs }: HttpMeasurement): Goal[] {
  const { connections, pinned } = scene
  const meant = connections === MEANT.connections && pinned === MEANT.pinned
  const wanted = meant ? WANTED[runtime] : undefined
  const goal = (other: Kind, pick: (run: HttpRun) => number, named: string, atLeast?: number) => {
    const [ours, theirs] = [runs.file.map(pick), runs[other].map(pick)]
    if (theirs.length === 0) return []
    const what = `withmac ÷ ${named}, ${sceneTitle(scene)}`
    return [
      {
        what,
        where: title,
        measured: ratio(ours, theirs),
        ...(atLeast !== undefined && { atLeast }),
      },
    ]
  }
  return [
    ...goal('plain', ({ rate }) => rate, 'plain, requests a second', wanted?.plain),
    ...goal('hawk', ({ rate }) => rate, 'Hawk, requests a second', wanted?.hawk),
    ...goal('hawk', ({ p99 }) => p99, 'Hawk, p99'),
    ...goal('before', ({ rate }) => rate, 'before, requests a second'),
    ...goal('before', ({ p99 }) => p99, 'before, p99'),
  ]
}
