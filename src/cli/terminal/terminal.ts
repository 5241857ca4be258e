import { writeSync } from 'node:fs'
import { plain, plainJson } from '../../protocol/text.ts'
import { EXIT, type ExitStatus, errorJson, wantsJson } from '../failure.ts'
import { type Colors, createColors, wrap } from './text.ts'

/** Where a command writes, and what it may do there. */
export class Terminal {
  /** Colours of the standard output. */
  readonly colors: Colors
  /** Colours of the error output. */
  readonly errorColors: Colors
  /** Whether one JSON value is wanted in place of text for people. */
  readonly json: boolean
  /** What the command ends with, unless it fails. */
  status: ExitStatus = EXIT.ok
  /** What to say where what the command has done cannot be shown: a key that is shown once, say. */
  unshown: string | null = null

  constructor(args: readonly string[]) {
    this.colors = createColors(process.stdout)
    this.errorColors = createColors(process.stderr)
    this.json = wantsJson(args)
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('error', (error) => endQuietly(error, this))
    }
  }

  /** How many characters fit in a line, or `null` where nobody looks at lines. */
  get columns(): number | null {
    return process.stdout.isTTY ? process.stdout.columns || 80 : null
  }

  /** Whether a person can be asked. */
  get canAsk(): boolean {
    return Boolean(process.stdin.isTTY && process.stderr.isTTY) && !this.json
  }

  /** Writes lines to the standard output. */
  print(...lines: readonly string[]): void {
    try {
      for (const line of lines) process.stdout.write(`${line}\n`)
    } catch (error) {
      // Deno throws at once what elsewhere is an event.
      endQuietly(error as NodeJS.ErrnoException, this)
    }
  }

  /** Writes a piece of a body to stdout, and waits until it is taken. */
  write(chunk: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      try {
        process.stdout.write(chunk, () => resolve())
      } catch (error) {
        endQuietly(error as NodeJS.ErrnoException, this)
      }
    })
  }

  /** Writes what a command found: the value as JSON where that is wanted, else the lines. */
  give(value: unknown, lines: () => readonly string[]): void {
    if (this.json) this.print(plainJson(value, 2))
    else this.print(...lines())
  }

  /** Writes a line to the error output, for people alone. */
  note(line: string): void {
    if (!this.json) process.stderr.write(`${line}\n`)
  }

  /** Says on the error output what went wrong. */
  complain(message: string, code: string): void {
    if (this.json) {
      process.stderr.write(errorJson(message, code))
    } else {
      const { isTTY, columns } = process.stderr
      const shown = wrap(plain(message), isTTY ? columns || 80 : null, 'withmac: '.length)
      process.stderr.write(`${this.errorColors.red('withmac:')} ${shown}\n`)
    }
  }
}

/**
 * The reader has gone, as `| head` does when it has seen enough: nothing is left to say. Anything else,
 * such as a full disk, is said where there is still somebody to read it, and so is what got lost with it.
 */
function endQuietly(error: NodeJS.ErrnoException, { unshown, json }: Terminal): void {
  const isGone = error.code === 'EPIPE' || error.code === 'EOF' || error.name === 'BrokenPipe'
  if (isGone) process.exit()
  const { message } = error
  const more = unshown === null ? '' : `${/[.!?]$/.test(message) ? '' : '.'} ${unshown}`
  const said = `what was to be shown cannot be written: ${message}${more}`
  writeSync(2, json ? errorJson(said, 'ERR_CLI_OUTPUT') : `withmac: ${plain(said)}\n`)
  process.exit(EXIT.internal)
}

/** How wide the bar is, in characters, and how often it is drawn at the most, in milliseconds. */
const WIDTH = 30
const INTERVAL = 50

/** A bar that grows while something long is done. */
interface ProgressBar {
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
