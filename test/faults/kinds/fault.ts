import type { World } from '../world/world.ts'

/** A kind of fault. */
export interface Fault {
  readonly name: string
  /** The small disk is needed, which takes the superuser's rights to mount. */
  readonly onSmallDisk?: true
  /** The processes must note what they sync, which takes a C compiler. */
  readonly notesSyncs?: true
  /**
   * Does harm for a few seconds while the load goes on, and puts everything right again, but for
   * processes that are down.
   */
  run(world: World): Promise<Felt>
}

/** What a fault did. */
export interface Felt {
  /** For the line of the round. */
  readonly note: string
  /** Whether it showed in the answers: a fault that nobody notices tests nothing. */
  readonly felt: boolean
}

/** How often requests were refused for want of the store. */
export function storeRefusals(world: World): number {
  return world.tally.count('503 ERR_MAC_STORE')
}
