import type { Durability, Fault } from './kinds/fault.ts'
import type { Random } from './random.ts'

/** The faults of one world, in their order. */
export interface Share {
  readonly durability: Durability
  readonly order: readonly Fault[]
}

/** Shares the faults out among a world of each durability, by chance where either will do. */
export function shareOut(faults: readonly Fault[], random: Random): Share[] {
  const shares: Record<Durability, Fault[]> = { full: [], normal: [] }
  for (const fault of random.shuffle(faults)) {
    const durability = fault.durability ?? random.pick(['full', 'normal'] as const)
    shares[durability].push(fault)
  }
  return random.shuffle(['full', 'normal'] as const).map((durability) => ({
    durability,
    order: clocksLast(shares[durability]),
  }))
}

/** A power cut after clocks were ahead would rightly keep honest clocks out for longer than a round. */
function clocksLast(order: readonly Fault[]): Fault[] {
  const rank = ({ name }: Fault) => (name === 'clocks' ? 1 : 0)
  return order.toSorted((one, other) => rank(one) - rank(other))
}
