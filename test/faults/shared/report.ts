import type { Control, Engine, Fault, Kind } from './fault.ts'
import type { RoundResult } from './round.ts'
import { Tally } from './world/tally.ts'

/** Prints the results of faults. */
export class Report {
  #failed = 0
  #passed = 0
  readonly #seed: number
  readonly #start = performance.now()

  constructor(seed: number, runtime: string) {
    this.#seed = seed
    console.log(`seed ${seed}, servers on ${runtime}`)
  }

  /** @returns A line for a fault, and lines for what was wrong. */
  fault<Store extends Engine>(
    kind: Kind<Store>,
    fault: Fault<Store>,
    rounds: readonly RoundResult[],
  ): string[] {
    const recovered = Math.max(...rounds.map((round) => round.recovered)) / 1000
    const seconds = rounds.reduce((sum, round) => sum + round.seconds, 0)
    const bad = rounds.filter(({ world }) => world.violations.broken > 0)
    if (bad.length > 0) this.#failed++
    else this.#passed++
    return [
      `${kind.name}, ${fault.name}: rounds ${rounds.length} (${seconds.toFixed(0)} s, recovered after ` +
        `${recovered.toFixed(1)} s), ${sumOf(rounds)}`,
      ...bad.flatMap(({ world }) => world.violations.lines()),
    ]
  }

  /** @returns A line for a control, which must have found violations. */
  control<Store extends Engine>(
    { name, breaks }: Control<Store>,
    rounds: readonly RoundResult[],
  ): string[] {
    const tally = sumOf(rounds)
    const found = rounds.reduce((sum, { world }) => sum + world.violations.count(breaks), 0)
    const counts = {
      once: `${tally.twice} accepted twice`,
      deadline: `${tally.late} after the deadline`,
      reason: `${found} rejected without a reason`,
      right: `${found} not as designed`,
    }
    const line = `  control: ${name}: rounds ${rounds.length}, ${counts[breaks]}`
    if (found > 0) this.#passed++
    else this.#failed++
    return found > 0 ? [line] : [line, `  VIOLATION, the control found nothing: ${tally}`]
  }

  broke(what: string, error: unknown): void {
    // A harness that failed has checked too little.
    this.#failed++
    console.error(`${what}: the harness itself failed:`, error)
  }

  /** @returns The exit code. */
  end(): number {
    const seconds = (performance.now() - this.#start) / 1000
    console.log(`\n${this.#passed + this.#failed} faults and controls in ${seconds.toFixed(0)} s`)
    if (this.#failed === 0) console.log('no violation')
    else console.log(`VIOLATIONS: see above; seed ${this.#seed}`)
    console.log(`${this.#passed} passed, ${this.#failed} failed`)
    return this.#failed === 0 && this.#passed > 0 ? 0 : 1
  }
}

function sumOf(rounds: readonly RoundResult[]): Tally {
  const sum = new Tally()
  for (const { world } of rounds) sum.add(world.tally)
  return sum
}
