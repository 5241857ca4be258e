/** Who is at work under one name, and who waits for a turn. */
interface Line {
  running: number
  readonly waiting: (() => void)[]
}

/** How many of one name wait at most: each of them holds a request open. */
const LONGEST_LINE = 1000

/** Lets only so many of one name work at once; the others wait, in the order in which they came. */
export class Turns {
  readonly #lines = new Map<string, Line>()

  /**
   * Does the work when its turn comes.
   *
   * @param width How many may be at work now; it is asked anew whenever one is done. One always may.
   * @param full Gives what is thrown where too many wait already.
   */
  async take<Value>(
    name: string,
    width: () => number,
    work: () => Promise<Value>,
    full: () => Error,
  ): Promise<Value> {
    const line = this.#lines.get(name) ?? { running: 0, waiting: [] }
    this.#lines.set(name, line)
    if (line.waiting.length === 0 && hasRoom(line, width)) line.running++
    else if (line.waiting.length >= LONGEST_LINE) throw full()
    else await new Promise<void>((resolve) => line.waiting.push(resolve))
    try {
      return await work()
    } finally {
      line.running--
      admit(line, width)
      if (line.running === 0) this.#lines.delete(name)
    }
  }
}

/** Those who are let in count as running at once, before they go on. */
function admit(line: Line, width: () => number): void {
  while (hasRoom(line, width)) {
    const next = line.waiting.shift()
    if (next === undefined) return
    line.running++
    next()
  }
}

function hasRoom({ running }: Line, width: () => number): boolean {
  return running < Math.max(1, width())
}
