import type { Durability, Fault } from './kinds/fault.ts'
import type { Random } from './random.ts'

/** The faults of one world, in their order. */
export interface Share {
  readonly durability: Durability
  readonly order: readonly Fault[]
}

/** Shares the faults out among a world of each durability, by chance. */
export function shareOut(faults: readonly Fault[], random: Random): Share[] {
  const shares: Record<Durability, Fault[]> = { full: [], normal: [] }
  for (const fault of random.shuffle(faults)) {
    shares[random.chance(oddsOfNormal(fault)) ? 'normal' : 'full'].push(fault)
  }
  return random.shuffle(['full', 'normal'] as const).map((durability) => ({
    durability,
    order: clocksLast(shares[durability]),
  }))
}

/** A power cut has more to tell where not every commit is synced. */
function oddsOfNormal({ name }: Fault): number {
  return name === 'power cut' ? 0.75 : 0.5
}

/** A power cut after clocks were ahead would rightly keep honest clocks out for longer than a round. */
function clocksLast(order: readonly Fault[]): Fault[] {
  const rank = ({ name }: Fault) => (name === 'clocks' ? 1 : 0)
  return order.toSorted((one, other) => rank(one) - rank(other))
}
