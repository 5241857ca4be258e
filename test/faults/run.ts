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
 * Faults under load: server processes on one database file are killed, frozen, locked out, starved
 * of disk and lied to about the time, while requests, copies and replays come in. Nothing may pass
 * twice, nothing may be lost, and every refusal must have its reason.
 */

cleanupOnSignals()
const given = readArguments(process.argv.slice(2))
const report = new Report(given)
try {
  await runWorlds(given, report)
} catch (error) {
  // Then the signal's own cleaning up ends the program.
  if (isInterrupted()) await new Promise(() => {})
  report.broke(error)
} finally {
  await cleanup()
}
process.exit(report.end())

/** Makes one world after the other; in two of them every fault comes once. */
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
      // Each round has a seed of its own, so that none depends on how far the one before came.
      const seeded = order.map((fault) => ({ fault, random: random.branch() }))
      while (seeded.length > 0 && !isOver()) {
        report.newWorld(choice)
        await runRounds(await makeWorld(choice, random.branch()), seeded, isOver, report)
      }
    }
  }
}

/** Takes one round after the other, until none is left or one has found the world broken. */
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
    // What is wrong from here on would be told again in each round.
    sound = result.violations.broken === 0
  }
  await world.end()
  await cleanup()
}

/** Shares the faults out among two worlds, by chance. */
function shareOut(faults: readonly Fault[], random: Random): (readonly Fault[])[] {
  const shares: [Fault[], Fault[]] = [[], []]
  for (const fault of random.shuffle(faults)) shares[random.chance(0.5) ? 0 : 1].push(fault)
  return shares
}
