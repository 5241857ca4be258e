import { parseArgs } from 'node:util'

/** The options of the command line. */
export interface Arguments {
  readonly seed: number
  readonly rounds: number
  readonly runtime: string
  /** How many faults run at a time. */
  readonly lanes: number
  /** Whether a fault with this name runs. */
  runs(name: string): boolean
}

/** Parses the command line. If it is wrong, prints the usage and exits. */
export function readArguments(args: readonly string[], names: readonly string[]): Arguments {
  try {
    return read(args, names)
  } catch (error) {
    console.error(`${(error as Error).message}

npm run faults:shared -- [options]
  --rounds N      runs every fault N times, and its controls; without it, once
  --lanes N       runs N faults at a time; 3 without it
  --seed N        repeats the choice of times and victims of another run
  --runtime NAME  bun (default), node-24, deno, ...: after "npm run test:runtimes"
  --only A,B      runs only the faults whose names start so
  --without A,B   runs all faults except those whose names start so

faults:
  ${names.join('\n  ')}`)
    process.exit(2)
  }
}

function read(args: readonly string[], names: readonly string[]): Arguments {
  const text = { type: 'string' } as const
  const options = {
    seed: text,
    rounds: text,
    lanes: text,
    runtime: text,
    only: text,
    without: text,
  }
  const { values } = parseArgs({ args: [...args], options })
  const only = values.only?.split(',') ?? ['']
  const without = values.without?.split(',') ?? []
  const isIn = (list: readonly string[], name: string) =>
    list.some((start) => name.startsWith(start))
  for (const start of [...only, ...without]) {
    if (!names.some((name) => name.startsWith(start))) throw new Error(`no fault "${start}"`)
  }
  return {
    seed: number('seed', values.seed, Date.now() % 1_000_000_000),
    rounds: number('rounds', values.rounds, 1),
    lanes: number('lanes', values.lanes, 3),
    runtime: values.runtime ?? 'bun',
    runs: (name) => isIn(only, name) && !isIn(without, name),
  }
}

function number(name: string, value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise
  const parsed = Number(value)
  if (Number.isInteger(parsed) && parsed >= 1) return parsed
  throw new Error(`--${name} takes a number from 1 on, not ${JSON.stringify(value)}.`)
}
