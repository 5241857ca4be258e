import { type Arguments, readArguments } from './arguments.ts'
import { cleanup, cleanupOnSignals, isInterrupted } from './cleanup.ts'
import type { Fault } from './kinds/fault.ts'
import { Random } from './random.ts'
import { Report } from './report.ts'
import { runRound } from './round.ts'
import { runtimeCommand } from './runtime.ts'
import { makeWorld } from './world/make-world.ts'
import type { World } from './world/world.ts'

/*
 * Faults under load. Server processes on one database file get requests, copies and replays, while they are
 * killed or stopped, and while their database is locked, their disk full or their clock wrong. No request
 * may be accepted twice, nothing may be lost, and each rejection must have a reason.
 */

cleanupOnSignals()
const given = readArguments(process.argv.slice(2))
const report = new Report(given)
try {
  await runWorlds(given, report)
} catch (error) {
  // Then the handler of the signal cleans up and ends the program.
  if (isInterrupted()) await new Promise(() => {})
  report.broke(error)
} finally {
  await cleanup()
}
process.exit(report.end())

/** Makes one world after the other. In each two of them, every fault runs once. */
async function runWorlds({ seed, minutes, rounds, runtime, faults }: Arguments, report: Report) {
  const random = new Random(seed)
  const command = await runtimeCommand(runtime)
  const end = performance.now() + (minutes ?? Number.POSITIVE_INFINITY) * 60_000
  const isOver = () => report.rounds >= rounds || performance.now() >= end
  while (!isOver()) {
    for (const order of shareOut(faults, random)) {
      const choice = {
        windowSeconds: random.pick([20, 60, 300]),
        processes: random.pick([1, 2, 2, 3, 4]),
        apart: random.chance(0.5),
        notesSyncs: order.some((fault) => fault.notesSyncs),
        onSmallDisk: order.some((fault) => fault.onSmallDisk),
        command,
      }
      // Each round has its own seed, so that it does not depend on the round before.
      const seeded = order.map((fault) => ({ fault, random: random.branch() }))
      while (seeded.length > 0 && !isOver()) {
        report.newWorld(choice)
        await runRounds(await makeWorld(choice, random.branch()), seeded, isOver, report)
      }
    }
  }
}

/** Runs one round after the other, until none is left or one has found a violation. */
async function runRounds(
  world: World,
  seeded: { fault: Fault; random: Random }[],
  isOver: () => boolean,
  report: Report,
): Promise<void> {
  for (let sound = true; sound && !isOver(); ) {
    const next = seeded.shift()
    if (next === undefined) break
    world.random = next.random
    const result = await runRound(world, next.fault, seeded.length === 0)
    report.round(next.fault, result)
    // Otherwise each later round would report the same violation.
    sound = result.violations.broken === 0
  }
  await world.end()
  await cleanup()
}

/** Divides the faults randomly between two worlds. */
function shareOut(faults: readonly Fault[], random: Random): (readonly Fault[])[] {
  const shares: [Fault[], Fault[]] = [[], []]
  for (const fault of random.shuffle(faults)) shares[random.chance(0.5) ? 0 : 1].push(fault)
  return shares
}
