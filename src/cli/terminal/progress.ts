import type { Terminal } from './terminal.ts'

/** How wide the bar is, in characters, and how often it is drawn at the most, in milliseconds. */
const WIDTH = 30
const INTERVAL = 50

/** A bar that grows while something long is done. */
export interface ProgressBar {
  show(done: number, total: number): void
  /** Takes it away, for what is written next. */
  end(): void
}

const NONE: ProgressBar = { show() {}, end() {} }

/** A bar on the error output, where that is a terminal and a person looks at it; else none. */
export function progressBar(what: string, { json, errorColors }: Terminal): ProgressBar {
  const { stderr } = process
  if (json || !stderr.isTTY) return NONE
  let drawn = Number.NEGATIVE_INFINITY
  return {
    show(done, total) {
      const now = performance.now()
      if (now - drawn < INTERVAL && done < total) return
      drawn = now
      const full = total === 0 ? WIDTH : Math.floor((done / total) * WIDTH)
      const bar = errorColors.cyan('='.repeat(full)) + ' '.repeat(WIDTH - full)
      stderr.write(`\r${what} [${bar}] ${done} of ${total}\u001b[K`)
    },
    end() {
      stderr.write('\r\u001b[K')
    },
  }
}
