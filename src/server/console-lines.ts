/** So that a flood of requests does not fill the disk with a log. */
const LINES_PER_SECOND = 20

/** Prints at most 20 lines in a second, and then how many more there were. */
export class ConsoleLines {
  readonly #now: () => number
  readonly #write: (line: string) => void
  #secondBegan = Number.NEGATIVE_INFINITY
  #printed = 0
  #leftOut = 0

  /** @param now A clock in milliseconds. */
  constructor(now: () => number, write: (line: string) => void) {
    this.#now = now
    this.#write = write
  }

  /** @param line Returns the line. It is not called if the line is left out. */
  print(line: () => string): void {
    const now = this.#now()
    if (now - this.#secondBegan >= 1000) {
      if (this.#leftOut > 0) this.#write(`withmac: … and ${this.#leftOut} more`)
      this.#secondBegan = now
      this.#printed = 0
      this.#leftOut = 0
    }
    if (this.#printed === LINES_PER_SECOND) this.#leftOut++
    else {
      this.#printed++
      this.#write(line())
    }
  }
}

/** Every line that this process prints because of a request. */
export const consoleLines: ConsoleLines = new ConsoleLines(
  () => performance.now(),
  (line) => console.error(line),
)

const MAX_METHOD = 20
const MAX_PATH = 200

/**
 * Describes a request by its method and path. The query is left out, since it may hold secrets. Characters
 * that could control a terminal are escaped.
 */
export function shownRequest(request: Request): string {
  const [, path = ''] = /^(?:[^/?#]*\/\/[^/?#]*)?([^?#]*)/.exec(request.url) ?? []
  return `${shown(request.method, MAX_METHOD)} ${shown(path || '/', MAX_PATH)}`
}

function shown(text: string, max: number): string {
  const safe = text.slice(0, max).replace(/[^\x21-\x7e]/g, escaped)
  return text.length > max ? `${safe}…` : safe
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
