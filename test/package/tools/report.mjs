/** Runs checks one after the other, prints their results, and counts them. */
export class Report {
  #passed = 0
  #failed = 0

  /** Prints the topic of the next checks. */
  about(topic) {
    console.log(`\n${topic}`)
  }

  /**
   * Runs a check. It passes if it does not throw. If it returns a text, the text is printed after its name.
   * @returns Whether the check passed.
   */
  async check(name, work) {
    const start = performance.now()
    try {
      const detail = await work()
      this.#passed++
      const seconds = ((performance.now() - start) / 1000).toFixed(1)
      console.log(`  ok    ${name}${detail === undefined ? '' : `: ${detail}`} (${seconds} s)`)
      return true
    } catch (error) {
      this.#failed++
      const why = error instanceof Error ? error.message : String(error)
      console.log(`  FAIL  ${name}: ${why.replaceAll('\n', '\n        ')}`)
      return false
    }
  }

  /** Prints the last line, and returns the exit code. It is not 0 if no check ran. */
  end() {
    console.log(`\n${this.#passed} passed, ${this.#failed} failed`)
    return this.#failed === 0 && this.#passed > 0 ? 0 : 1
  }
}

/** Formats a size in thousands of bytes. */
export const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`

/** @throws Error if a condition is false. */
export function demand(condition, message) {
  if (!condition) throw new Error(message)
}
