import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { plain } from '../protocol/terminal-text.ts'

/** Formats the examples at the end of a command's help. */
export function examples(...lines: readonly (readonly [command: string, what: string])[]): string {
  const words = lines.map(([command, what]) => [named(command), what] as const)
  const width = Math.max(...words.map(([command]) => command.length))
  const shown = words.map(([command, what]) => `  $ ${command.padEnd(width)}  # ${what}`)
  return ['', 'Examples:', ...shown].join('\n')
}

/** An example with `withmac` replaced by what works here, also after a pipe. */
function named(command: string): string {
  return command.replace(/(?<=^|[|"] )withmac(?= )/, calledAs())
}

/**
 * The words that start withmac here, such as `npx --no-install withmac`. A program that npx runs is not on
 * the PATH, so `withmac` alone would not be found. The words never download a package: a registry may have
 * someone else's package under this name.
 */
export function calledAs(): string {
  const { npm_command, npm_lifecycle_event } = process.env
  const { bun, deno } = process.versions
  if (deno !== undefined) return onDeno()
  if (npm_command !== 'exec') return 'withmac'
  if (npm_lifecycle_event !== 'bunx') return 'npx --no-install withmac'
  return bun === undefined ? 'bunx --no-install withmac' : 'bunx --no-install --bun withmac'
}

/** A command line that can be pasted: `npx --no-install withmac list`. */
export function pasted(line: string): string {
  return `${calledAs()} ${line}`
}

function onDeno(): string {
  const main = fileURLToPath(new URL('main.js', import.meta.url))
  if (/[/\\]node_modules[/\\]/.test(main)) {
    const here = relative(process.cwd(), main)
    return `deno run -A ${here.startsWith('..') ? main : here}`
  }
  // In Deno's package cache: Deno has already loaded it by this name.
  return /[/\\]npm[/\\]/.test(main) ? 'deno run -A npm:withmac' : 'withmac'
}

const SAFE = /^[A-Za-z0-9_./:@%+,-][A-Za-z0-9_./:=@%+,-]*$/

/**
 * Quotes a text as one word for sh, bash, zsh and fish. Inside single quotes, fish still interprets a
 * backslash. So backslashes and single quotes are written outside the quotes.
 */
export function quote(text: string): string {
  if (SAFE.test(text)) return text
  return `'${text.replace(/['\\]/g, (character) => `'\\${character}'`)}'`
}

/**
 * A command line on one credential that can be pasted. An identifier may start with `-` like an option:
 * then the options come first, followed by `--`. The result is one line, whatever the identifier contains.
 */
export function lineOn(id: string, command: string, options = ''): string {
  const words = id.startsWith('-')
    ? [command, options, '--', quote(id)]
    : [command, quote(id), options]
  return plain(pasted(words.filter((word) => word !== '').join(' ')))
}

/** The version of this package. */
export function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
