import { type Arguments, readArguments } from './arguments.ts'
import { cleanup, cleanupOnSignals, isInterrupted } from './cleanup.ts'
import { Random } from './random.ts'
import { Report } from './report.ts'
import { runRound } from './round.ts'
import { runtimeCommand } from './runtime.ts'
import { shareOut } from './share-out.ts'
import { makeWorld } from './world/make-world.ts'

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

/** Makes one world after the other; in two of them, one for each durability, every fault comes once. */
async function runWorlds({ seed, minutes, rounds, runtime, faults }: Arguments, report: Report) {
  const random = new Random(seed)
  const command = await runtimeCommand(runtime)
  const end = performance.now() + (minutes ?? Number.POSITIVE_INFINITY) * 60_000
  const isOver = () => report.rounds >= rounds || performance.now() >= end
  while (!isOver()) {
    for (const { durability, order } of shareOut(faults, random)) {
      if (order.length === 0 || isOver()) continue
      const choice = {
        durability,
        windowSeconds: random.pick([20, 60, 300]),
        processes: random.pick([1, 2, 2, 3, 4]),
        apart: random.chance(0.5),
        onSmallDisk: order.some((fault) => fault.onSmallDisk),
        command,
      }
      report.newWorld(choice)
      const world = await makeWorld(choice, random)
      for (const [at, fault] of order.entries()) {
        if (isOver()) break
        const last = at === order.length - 1 || report.rounds === rounds - 1
        report.round(fault, await runRound(world, fault, last))
      }
      await world.end()
      await cleanup()
    }
  }
}
