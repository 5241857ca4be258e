import type { World } from '../world/world.ts'

/** A kind of fault. */
export interface Fault {
  readonly name: string
  /** Needs the small disk. To mount it takes the rights of root. */
  readonly onSmallDisk?: true
  /** Needs processes that note their syncs. This takes a C compiler. */
  readonly notesSyncs?: true
  /**
   * Does harm for a few seconds under load, and then repairs everything. It does not start processes
   * that are down.
   */
  run(world: World): Promise<Felt>
}

/** The effect of a fault. */
export interface Felt {
  /** Text for the line of the round. */
  readonly note: string
  /** Whether it changed any answers. A fault without an effect tests nothing. */
  readonly felt: boolean
}

/** @returns How many requests got a 503 because of the store. */
export function storeFailures(world: World): number {
  return world.tally.count('503 ERR_MAC_STORE')
}
