/** Who is at work under one name, and who waits for a turn. */
interface Line {
  running: number
  /** In the order in which they came; each is called when it may begin. */
  readonly waiting: Set<() => void>
}

/** How it is found out that one who waits has gone. */
export interface Gone {
  readonly signal: () => AbortSignal | null
  /** Gives what is thrown then. */
  readonly error: () => Error
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
   * @param gone Tells of one who waits that it has gone: its place is free then.
   */
  async take<Value>(
    name: string,
    width: () => number,
    work: () => Promise<Value>,
    { full, gone }: { readonly full: () => Error; readonly gone: Gone },
  ): Promise<Value> {
    const line = this.#lines.get(name) ?? { running: 0, waiting: new Set() }
    this.#lines.set(name, line)
    if (line.waiting.size === 0 && hasRoom(line, width)) line.running++
    else if (line.waiting.size >= LONGEST_LINE) throw full()
    else await waitIn(line, gone)
    try {
      return await work()
    } finally {
      line.running--
      admit(line, width)
      if (line.running === 0) this.#lines.delete(name)
    }
  }
}

/** Comes to its end when the turn has come, which is counted as running by then. */
async function waitIn({ waiting }: Line, gone: Gone): Promise<void> {
  const signal = gone.signal()
  if (signal?.aborted) throw gone.error()
  let leave = () => {}
  try {
    await new Promise<void>((begin, reject) => {
      // Who was let in before it went is no longer among those who wait, and does its work.
      leave = () => {
        if (waiting.delete(begin)) reject(gone.error())
      }
      waiting.add(begin)
      signal?.addEventListener('abort', leave)
    })
  } finally {
    signal?.removeEventListener('abort', leave)
  }
}

/** Those who are let in count as running at once, before they go on. */
function admit(line: Line, width: () => number): void {
  for (const begin of line.waiting) {
    if (!hasRoom(line, width)) return
    line.waiting.delete(begin)
    line.running++
    begin()
  }
}

function hasRoom({ running }: Line, width: () => number): boolean {
  return running < Math.max(1, width())
}
