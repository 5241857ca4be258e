import { writeSync } from 'node:fs'
import { plain, plainJson } from '../../protocol/terminal-text.ts'
import { EXIT, type ExitStatus, errorJson, wantsJson } from '../failure.ts'
import { type Colors, createColors, wrap } from './text.ts'

/** The output of a command: text or JSON on stdout, notes and errors on stderr. */
export class Terminal {
  /** Colors for stdout. */
  readonly colors: Colors
  /** Colors for stderr. */
  readonly errorColors: Colors
  /** Whether to print one JSON value instead of text for people. */
  readonly json: boolean
  /** The exit status, unless the command fails. */
  status: ExitStatus = EXIT.ok
  /** What to add to the error if the output cannot be written: for example, that the new key is lost. */
  unshown: string | null = null

  constructor(args: readonly string[]) {
    this.colors = createColors(process.stdout)
    this.errorColors = createColors(process.stderr)
    this.json = wantsJson(args)
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('error', (error) => endOnWriteError(error, this))
    }
  }

  /** The width of the terminal in characters, or `null` if stdout is not a terminal. */
  get columns(): number | null {
    return process.stdout.isTTY ? process.stdout.columns || 80 : null
  }

  /** Whether a person can be asked. */
  get canAsk(): boolean {
    return Boolean(process.stdin.isTTY && process.stderr.isTTY) && !this.json
  }

  /** Writes lines to stdout. */
  print(...lines: readonly string[]): void {
    try {
      for (const line of lines) process.stdout.write(`${line}\n`)
    } catch (error) {
      // Deno throws here; other runtimes emit an error event.
      endOnWriteError(error as NodeJS.ErrnoException, this)
    }
  }

  /** Writes a piece of a body to stdout and waits until stdout has taken it. */
  write(chunk: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      try {
        process.stdout.write(chunk, () => resolve())
      } catch (error) {
        endOnWriteError(error as NodeJS.ErrnoException, this)
      }
    })
  }

  /** Writes the result of a command: the value with `--json`, otherwise the lines. */
  give(value: unknown, lines: () => readonly string[]): void {
    if (this.json) this.print(plainJson(value, 2))
    else this.print(...lines())
  }

  /** Writes a line for people to stderr. With `--json` it writes nothing. */
  note(line: string): void {
    if (!this.json) process.stderr.write(`${line}\n`)
  }

  /** Writes an error to stderr, as text or JSON. */
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
 * Ends the process if the output cannot be written. If the reader has gone, as `| head` does, it ends
 * silently. On any other error, such as a full disk, it says on stderr what was not written.
 */
function endOnWriteError(error: NodeJS.ErrnoException, { unshown, json }: Terminal): void {
  const isGone = error.code === 'EPIPE' || error.code === 'EOF' || error.name === 'BrokenPipe'
  if (isGone) process.exit()
  const { message } = error
  const more = unshown === null ? '' : `${/[.!?]$/.test(message) ? '' : '.'} ${unshown}`
  const said = `the output cannot be written: ${message}${more}`
  writeSync(2, json ? errorJson(said, 'ERR_CLI_OUTPUT') : `withmac: ${plain(said)}\n`)
  process.exit(EXIT.internal)
}

/** The width of a progress bar, in characters. */
const WIDTH = 30
/** At least this long between two redraws, in milliseconds. */
const INTERVAL = 50

interface ProgressBar {
  show(done: number, total: number): void
  /** Clears the bar, so that the next output has an empty line. */
  end(): void
}

const NONE: ProgressBar = { show() {}, end() {} }

/** Returns a progress bar on stderr. It shows nothing if stderr is not a terminal, or with `--json`. */
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
