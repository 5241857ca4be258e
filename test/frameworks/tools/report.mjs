/** Runs the checks of an application one after the other, and prints one line for all of them. */
export class Report {
  #title
  #verbose
  #started = performance.now()
  #passed = 0
  #failures = []
  #lines = []

  /** @param verbose Whether each check is printed, not only those that fail. */
  constructor(title, verbose) {
    this.#title = title
    this.#verbose = verbose
  }

  /** Runs a check, which passes if it does not throw. @returns Whether it passed. */
  async check(name, work) {
    const start = performance.now()
    try {
      await work()
      this.#passed++
      const seconds = (performance.now() - start) / 1000
      this.#lines.push(`        ok    ${name}${seconds < 1 ? '' : ` (${seconds.toFixed(0)} s)`}`)
      return true
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const line = `        FAIL  ${name}: ${why.replaceAll('\n', '\n              ')}`
      this.#failures.push(line)
      this.#lines.push(line)
      return false
    }
  }

  /** Prints the line of the application. @returns How many checks passed and failed. */
  print() {
    const passed = this.#passed
    // An application without checks is a mistake of the suite.
    const failed = passed === 0 && this.#failures.length === 0 ? 1 : this.#failures.length
    const result =
      failed === 0 ? `${passed} checks` : `${failed} of ${passed + failed} checks failed`
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(0)
    const details = this.#verbose ? this.#lines : this.#failures
    console.log(
      [
        `${failed === 0 ? 'ok  ' : 'FAIL'}  ${this.#title}: ${result} (${seconds} s)`,
        ...details,
      ].join('\n'),
    )
    return { passed, failed }
  }
}
