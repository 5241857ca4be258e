import type { Mistake } from '../mistaken-code.ts'
import type { Random } from '../random.ts'
import type { TcpProxy } from './tcp-proxy.ts'
import type { Tally } from './world/tally.ts'
import type { ServerChoice, World, WorldSettings } from './world/world.ts'

/** A store that a fault can harm. */
export interface Engine {
  readonly port: number
  /** Ends its processes, and removes its data. */
  end(): Promise<void>
}

/** What a fault can use: servers under load, and their store behind a proxy. */
export interface Stage<Store extends Engine> {
  readonly world: World
  readonly store: Store
  readonly proxy: TcpProxy
  /** Random choices of the fault. */
  readonly random: Random
  /** Registers work for the end of the round. */
  later(undo: () => unknown): void
}

/** A kind of fault. */
export interface Fault<Store extends Engine> {
  readonly name: string
  /** Whether the store may lose nonces, so that requests may be rejected until it cannot matter any more. */
  readonly loses: boolean
  /** Default: three servers with the right clock, and a window of 5 seconds. */
  readonly servers?: readonly Pick<ServerChoice, 'clock' | 'windowSeconds'>[]
  /** The deadline of requests. Default: 5 seconds, so that a busy machine does not miss it. */
  readonly timeoutSeconds?: number
  /** Whether some timestamps are far from the clock. Default: `true`. */
  readonly skews?: boolean
  /** Default: 1500. See {@link WorldSettings}. */
  readonly graceMs?: number
  /** Starts the store. */
  start(later: Stage<Store>['later']): Promise<Store>
  /** Does harm under load. When it ends, the store works again. */
  run(stage: Stage<Store>): Promise<void>
  /** Whether the counts show that the fault had its effect. */
  felt(tally: Tally): boolean
  /** Each must find violations. */
  readonly controls: readonly Control<Store>[]
}

/** The same fault, with a guard taken out. */
export interface Control<Store extends Engine> {
  readonly name: string
  /** What goes wrong without the guard. */
  readonly breaks: 'once' | 'deadline' | 'reason' | 'right'
  /** What is wrong in the library's code. Default: nothing. */
  readonly mistakes?: readonly Mistake[]
  /** The module with `createMac`. Default: that of the library. */
  readonly entry?: string
  /** The servers' own `storeTimeoutSeconds`. Default: that of the fault, by which answers are judged. */
  readonly timeoutSeconds?: number
  /** Takes the guard out in the store, after servers have opened it. */
  prepare?(stage: Stage<Store>): Promise<void>
}

/** How servers use a store of this kind. */
export interface Kind<Store extends Engine> {
  readonly name: string
  /** @param folder A folder for files of the round. */
  options(port: number, folder: string): WorldSettings['mac']
  readonly faults: readonly Fault<Store>[]
}

/** Whether requests got a 503. */
export function hasFailures(tally: Tally): boolean {
  return tally.failures > 0
}

/** Whether requests were rejected because nonces may be lost. */
export function hasStale(tally: Tally): boolean {
  return (tally.rejected.get('401 ERR_MAC_TIMESTAMP_STALE') ?? 0) > 0
}
