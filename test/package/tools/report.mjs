/** Runs checks one after the other, prints what each came to, and counts. */
export class Report {
  #passed = 0
  #failed = 0

  /** Announces what the next checks are about. */
  about(topic) {
    console.log(`\n${topic}`)
  }

  /**
   * A check passes when it does not throw. A text that it returns is printed beside its name.
   * Tells whether it passed, for those who cannot go on where it did not.
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

  /** The last line; gives the exit code. No check at all is no success either. */
  end() {
    console.log(`\n${this.#passed} passed, ${this.#failed} failed`)
    return this.#failed === 0 && this.#passed > 0 ? 0 : 1
  }
}

/** How sizes are shown: in thousands of bytes. */
export const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`

/** Throws where a condition does not hold. */
export function demand(condition, message) {
  if (!condition) throw new Error(message)
}
