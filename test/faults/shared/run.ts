import { cleanup, cleanupOnSignals, isInterrupted } from '../cleanup.ts'
import { Random } from '../random.ts'
import { runtimeCommand } from '../runtime.ts'
import { readArguments } from './arguments.ts'
import type { Control, Engine, Fault, Kind } from './fault.ts'
import { POSTGRES } from './postgres/kind.ts'
import { REDIS } from './redis/kind.ts'
import { Report } from './report.ts'
import { type RoundResult, runRound } from './round.ts'

/*
 * Faults of the stores that several servers share, under load. Servers get new requests, copies and replays,
 * while PostgreSQL or Redis is killed, stopped, promoted, full, or out of reach. No request may be accepted twice,
 * each rejection must have a reason, and everything must work again without a restart of a server. Each guard is
 * taken out once: then the same fault must find something.
 */

cleanupOnSignals()
const names = [...namesOf(POSTGRES), ...namesOf(REDIS)]
const given = readArguments(process.argv.slice(2), names)
const report = new Report(given.seed, given.runtime)
const command = await runtimeCommand(given.runtime)
try {
  const random = new Random(given.seed)
  const work = [...workOf(POSTGRES, random.branch()), ...workOf(REDIS, random.branch())]
  // Each round has its own store and servers, and mostly waits.
  const lane = async () => {
    for (let next = work.shift(); next !== undefined; next = work.shift()) await next()
  }
  await Promise.all(Array.from({ length: given.lanes }, lane))
} finally {
  // Then the handler of the signal cleans up and ends the program.
  if (isInterrupted()) await new Promise(() => {})
  await cleanup()
}
process.exit(report.end())

/** @returns What to do for each fault, and for its controls. */
function workOf<Store extends Engine>(kind: Kind<Store>, random: Random): (() => Promise<void>)[] {
  return kind.faults.flatMap((fault) => {
    // Each fault has its own seed, so that it does not depend on those that run.
    const own = random.branch()
    if (!given.runs(nameOf(kind, fault))) return []
    return async () => {
      const rounds = await runRounds(kind, fault, null, own)
      const lines = rounds === null ? [] : report.fault(kind, fault, rounds)
      for (const control of fault.controls) {
        const controls = await runRounds(kind, fault, control, own)
        if (controls !== null) lines.push(...report.control(control, controls))
      }
      console.log(lines.join('\n'))
    }
  })
}

async function runRounds<Store extends Engine>(
  kind: Kind<Store>,
  fault: Fault<Store>,
  control: Control<Store> | null,
  random: Random,
): Promise<RoundResult[] | null> {
  const results: RoundResult[] = []
  try {
    for (let round = 0; round < given.rounds; round++) {
      results.push(await runRound({ kind, fault, control, random: random.branch(), command }))
    }
    return results
  } catch (error) {
    if (!isInterrupted()) report.broke(`${kind.name}, ${fault.name}`, error)
    return null
  }
}

/** @returns The name of a fault on the command line. */
function nameOf<Store extends Engine>(kind: Kind<Store>, fault: Fault<Store>): string {
  return `${kind.name} ${fault.name}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/-$/, '')
}

function namesOf<Store extends Engine>(kind: Kind<Store>): string[] {
  return kind.faults.map((fault) => nameOf(kind, fault))
}
