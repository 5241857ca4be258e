import type { Outcome } from './run-file.ts'

/** The outcome of a test file, and where it ran. */
export interface Result {
  readonly runtime: string
  /** The name of the store, or of the file. */
  readonly name: string
  /** Whether it is a contract, which has the same checks for every store. */
  readonly isContract: boolean
  readonly outcome: Outcome
}

/** How many checks the contracts have at least. A smaller number means that some no longer run. */
const FEWEST = 58

/** Prints a line for each store or file, and a column for each runtime, with the numbers of passed checks. */
export function printTable(results: readonly Result[]): void {
  const runtimes = [...new Set(results.map(({ runtime }) => runtime))]
  for (const isContract of [true, false]) {
    const part = results.filter((result) => result.isContract === isContract)
    const names = [...new Set(part.map(({ name }) => name))]
    if (names.length === 0) continue
    const wide = Math.max(...names.map((name) => name.length)) + 2
    const title = isContract ? 'contract' : 'file'
    console.log(`\n${title.padEnd(wide)}${runtimes.map((name) => name.padStart(16)).join('')}`)
    for (const name of names) {
      const cells = runtimes.map((runtime) => {
        const found = part.find((result) => result.name === name && result.runtime === runtime)
        return found === undefined ? '' : cell(found.outcome)
      })
      console.log(`${name.padEnd(wide)}${cells.map((text) => text.padStart(16)).join('')}`)
    }
  }
  console.log()
}

/** @returns The number of passed checks, those that failed, and how long it took. */
export function cell({ passed, failed, broke, seconds }: Outcome): string {
  if (broke !== null) return 'FAILED'
  const rest = failed.length > 0 ? `, ${failed.length} FAILED` : ''
  return `${passed.length}${rest} (${seconds.toFixed(1)} s)`
}

/** @returns What is wrong: a failure, a store that could not run, or one with fewer checks than the others. */
export function failuresOf(results: readonly Result[]): string[] {
  const contracts = results.filter(({ isContract }) => isContract)
  const all = new Set(contracts.flatMap(({ outcome }) => outcome.passed))
  return results.flatMap(({ runtime, name, isContract, outcome }) => {
    const { passed, failed, broke, output } = outcome
    const title = `FAILED: ${name} on ${runtime}`
    if (broke !== null) return [`${title}: ${broke}\n${output.slice(-3000)}`]
    if (failed.length > 0) return [`${title}: ${few(failed)}\n${output.slice(-3000)}`]
    if (passed.length === 0) return [`${title}: no check ran`]
    if (!isContract) return []
    const missing = [...all].filter((check) => !passed.includes(check))
    if (missing.length > 0) return [`${title}: these checks did not run: ${few(missing)}`]
    if (passed.length >= FEWEST) return []
    return [`${title}: ${passed.length} checks instead of ${FEWEST} or more`]
  })
}

function few(names: readonly string[]): string {
  const more = names.length > 5 ? [`and ${names.length - 5} more`] : []
  return [...names.slice(0, 5), ...more].join('; ')
}
