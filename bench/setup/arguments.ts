/** How a bench was asked to run. */
export interface BenchArguments {
  /** Seconds instead of minutes, to see that all of it works. Nothing is written then. */
  readonly short: boolean
}

/** Reads the command line of a bench. Ends the process where it cannot be understood. */
export function benchArguments(given: readonly string[] = process.argv.slice(2)): BenchArguments {
  const unknown = given.filter((argument) => argument !== '--short')
  if (unknown.length === 0) return { short: given.length > 0 }
  console.error(`${unknown.join(' ')}: a bench takes --short, or nothing.`)
  process.exit(2)
}
