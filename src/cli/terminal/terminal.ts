import { writeSync } from 'node:fs'
import { plain, plainJson } from '../../protocol/plain-text.ts'
import { EXIT, type ExitStatus } from '../exit-status.ts'
import { errorJson, wantsJson } from '../json-output.ts'
import { type Colors, createColors } from './colors.ts'
import { wrap } from './width.ts'

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
