import type { Arguments } from './arguments.ts'
import type { Fault } from './kinds/fault.ts'
import type { RoundResult } from './round.ts'
import { Tally } from './traffic/tally.ts'
import { INVARIANTS } from './violations.ts'
import type { WorldChoice } from './world/make-world.ts'

const CHECKS = Object.keys(INVARIANTS).length

/** Prints the results of the rounds. */
export class Report {
  rounds = 0
  #failed = 0
  #broke = false
  readonly #arguments: Arguments
  readonly #total = new Tally()
  readonly #start = performance.now()

  constructor(given: Arguments) {
    this.#arguments = given
    console.log(`seed ${given.seed}, servers on ${given.runtime}`)
  }

  newWorld({ processes, windowSeconds, apart, onSmallDisk }: WorldChoice): void {
    const disk = onSmallDisk ? 'a small disk in memory' : 'the disk'
    const managed = apart ? ', credentials managed through a separate Mac' : ''
    console.log(
      `\na new database on ${disk}: processes ${processes}, window ${windowSeconds} s${managed}`,
    )
  }

  round(fault: Fault, { felt, tally, violations, events, seconds }: RoundResult): void {
    this.rounds++
    this.#total.add(tally)
    this.#failed += violations.broken
    const title = `${this.rounds}. ${fault.name}, ${felt.note}`
    console.log(`${title} (${seconds.toFixed(1)} s): ${tally}`)
    if (violations.broken === 0) return
    for (const line of violations.lines()) console.log(line)
    console.log('  what the harness did in this round:')
    for (const event of events) console.log(`    ${event}`)
  }

  broke(error: unknown): void {
    this.#broke = true
    console.error('the harness itself failed:', error)
  }

  /** @returns The exit code. */
  end(): number {
    const seconds = (performance.now() - this.#start) / 1000
    console.log(`\n${this.rounds} rounds in ${seconds.toFixed(0)} s: ${this.#total}`)
    // A harness that failed has checked too little.
    const failed = this.#failed + (this.#broke ? 1 : 0)
    const { seed, runtime } = this.#arguments
    if (failed === 0) console.log('no violation')
    else console.log(`VIOLATIONS: see above; seed ${seed}, servers on ${runtime}`)
    console.log(`${this.rounds * CHECKS - this.#failed} passed, ${failed} failed`)
    return failed === 0 && this.rounds > 0 ? 0 : 1
  }
}
