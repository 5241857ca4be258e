import type { Fault, Felt } from './kinds/fault.ts'
import { revive } from './kinds/kill.ts'
import { startChurn } from './traffic/churn.ts'
import { startLoad } from './traffic/load.ts'
import { replayAll, stillFresh } from './traffic/replays.ts'
import { Tally } from './traffic/tally.ts'
import { INVARIANTS, Violations } from './violations.ts'
import { audit } from './world/audit.ts'
import type { World } from './world/world.ts'

/** The result of a round. */
export interface RoundResult {
  readonly felt: Felt
  readonly tally: Tally
  readonly violations: Violations
  /** The last actions of the harness. */
  readonly events: readonly string[]
  readonly seconds: number
}

/** How long a round may take, in milliseconds. */
const DEADLINE = 180_000

/**
 * Runs one fault under load, and then checks that everything works again.
 *
 * @param last Whether to replay all accepted requests, and not only those of this round.
 */
export async function runRound(world: World, fault: Fault, last: boolean): Promise<RoundResult> {
  const start = performance.now()
  world.tally = new Tally()
  world.violations = new Violations(INVARIANTS)
  world.events.length = 0
  const before = world.ledger.accepted.length
  const unsureBefore = world.ledger.unsure.length
  const body = async (): Promise<Felt> => {
    const load = startLoad(world, world.random.between(8, 32))
    const churn = startChurn(world, churnPause(world, fault))
    await Bun.sleep(200)
    const felt = await fault.run(world)
    await Bun.sleep(200)
    await Promise.all([load.stop(), churn.stop()])
    await revive(world)
    const { accepted, unsure } = world.ledger
    const own = [...accepted.slice(before), ...unsure.slice(unsureBefore)]
    await replayAll(world, last ? stillFresh(world) : own)
    await audit(world)
    return felt
  }
  const felt = await inTime(body(), fault)
  if (!felt.felt) world.violations.add('felt', `${fault.name}: ${felt.note}`)
  const seconds = (performance.now() - start) / 1000
  const { tally, violations } = world
  return { felt, tally, violations, events: [...world.events], seconds }
}

/** Returns the pause between changes of credentials. Each change syncs everything before it. */
function churnPause({ random }: World, { notesSyncs }: Fault): number {
  return random.pick(notesSyncs ? [200, 10_000] : [50, 200, 600])
}

async function inTime(body: Promise<Felt>, fault: Fault): Promise<Felt> {
  let timer: Timer | undefined
  const late = new Promise<never>((_, reject) => {
    const why = `the round "${fault.name}" did not end within ${DEADLINE / 1000} seconds`
    timer = setTimeout(() => reject(new Error(why)), DEADLINE)
  })
  try {
    return await Promise.race([body, late])
  } finally {
    clearTimeout(timer)
  }
}
