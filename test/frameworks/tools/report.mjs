/** Runs checks one after the other, prints a line for each, and counts. */
export class Report {
  #passed = 0
  #failed = 0

  /** Prints the topic of the next checks. */
  about(topic) {
    console.log(`\n${topic}`)
  }

  /** Runs a check, which passes if it does not throw. @returns Whether it passed. */
  async check(name, work) {
    const start = performance.now()
    try {
      await work()
      this.#passed++
      const seconds = (performance.now() - start) / 1000
      console.log(`  ok    ${name}${seconds < 1 ? '' : ` (${seconds.toFixed(0)} s)`}`)
      return true
    } catch (error) {
      this.#failed++
      const why = error instanceof Error ? error.message : String(error)
      console.log(`  FAIL  ${name}: ${why.replaceAll('\n', '\n        ')}`)
      return false
    }
  }

  /** Prints the last line. @returns The exit code: 1 if a check failed, or if none ran. */
  end() {
    console.log(`\n${this.#passed} passed, ${this.#failed} failed`)
    return this.#failed === 0 && this.#passed > 0 ? 0 : 1
  }
}
