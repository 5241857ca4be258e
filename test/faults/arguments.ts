import { parseArgs } from 'node:util'
import { FAULTS } from './kinds/all.ts'
import type { Fault } from './kinds/fault.ts'

/** The options of the command line. */
export interface Arguments {
  readonly seed: number
  /** How many minutes to run. `null`: only `rounds` counts. */
  readonly minutes: number | null
  readonly rounds: number
  readonly runtime: string
  readonly faults: readonly Fault[]
}

const USAGE = `npm run faults -- [options]
  --minutes N     runs for N minutes; without it, runs every fault once
  --rounds N      ends after N rounds
  --seed N        repeats the choice of faults, times and victims of another run
  --runtime NAME  bun (default), node-24, node-26, deno, ...: after "npm run test:runtimes"
  --only A,B      runs only these faults: ${FAULTS.map(nameOf).join(', ')}
  --without A,B   runs all faults except these`

/** Parses the command line. If it is wrong, prints the usage and exits. */
export function readArguments(args: readonly string[]): Arguments {
  try {
    return read(args)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}

function read(args: readonly string[]): Arguments {
  const text = { type: 'string' } as const
  const options = {
    seed: text,
    minutes: text,
    rounds: text,
    runtime: text,
    only: text,
    without: text,
  }
  const { values } = parseArgs({ args: [...args], options })
  const only = values.only === undefined ? FAULTS : faultsOf(values.only)
  const without = values.without === undefined ? [] : faultsOf(values.without)
  const faults = only.filter((fault) => !without.includes(fault))
  if (faults.length === 0) throw new Error('No fault is left.')
  const minutes = values.minutes === undefined ? null : number('minutes', values.minutes)
  return {
    seed: values.seed === undefined ? Date.now() % 1_000_000_000 : number('seed', values.seed),
    minutes,
    rounds: roundsOf(values.rounds, minutes, faults.length),
    runtime: values.runtime ?? 'bun',
    faults,
  }
}

function roundsOf(given: string | undefined, minutes: number | null, faults: number): number {
  if (given !== undefined) return number('rounds', given)
  return minutes === null ? faults : Number.POSITIVE_INFINITY
}

function number(name: string, value: string): number {
  const parsed = Number(value)
  if (Number.isFinite(parsed) && parsed >= 0 && value !== '') return parsed
  throw new Error(`--${name} takes a number, not ${JSON.stringify(value)}.`)
}

function faultsOf(names: string): Fault[] {
  return names.split(',').map((name) => {
    const found = FAULTS.find((fault) => nameOf(fault) === name)
    if (found === undefined) throw new Error(`There is no fault ${JSON.stringify(name)}.`)
    return found
  })
}

/** @returns The name of a fault on the command line. */
function nameOf(fault: Fault): string {
  return fault.name.replaceAll(/[^a-z]+/g, '-').replace(/-$/, '')
}
