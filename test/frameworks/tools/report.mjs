/** Runs checks one after the other, prints a line for each, and counts. */
export class Report {
  #passed = 0
  #failed = 0

  /** Announces what the next checks are about. */
  about(topic) {
    console.log(`\n${topic}`)
  }

  /** A check passes when it does not throw. Tells whether it did. */
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

  /** The last line; gives the exit code. No check at all is no success either. */
  end() {
    console.log(`\n${this.#passed} passed, ${this.#failed} failed`)
    return this.#failed === 0 && this.#passed > 0 ? 0 : 1
  }
}
