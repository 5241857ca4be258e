import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { plain } from '../protocol/text.ts'

/** The examples of a command, for the end of its help. */
export function examples(...lines: readonly (readonly [command: string, what: string])[]): string {
  const words = lines.map(([command, what]) => [named(command), what] as const)
  const width = Math.max(...words.map(([command]) => command.length))
  const shown = words.map(([command, what]) => `  $ ${command.padEnd(width)}  # ${what}`)
  return ['', 'Examples:', ...shown].join('\n')
}

/** The command named as it can be called here, also behind a pipe. */
function named(command: string): string {
  return command.replace(/(?<=^|[|"] )withmac(?= )/, calledAs())
}

/**
 * What is to be written in front of a command's name for it to run here: what npx runs is not on the path.
 * It runs what is installed and downloads nothing: under the name on a registry there may be anything.
 */
export function calledAs(): string {
  const { npm_command, npm_lifecycle_event } = process.env
  const { bun, deno } = process.versions
  if (deno !== undefined) return onDeno()
  if (npm_command !== 'exec') return 'withmac'
  if (npm_lifecycle_event !== 'bunx') return 'npx --no-install withmac'
  return bun === undefined ? 'bunx --no-install withmac' : 'bunx --no-install --bun withmac'
}

/** A command line of withmac, as it can be pasted: `npx --no-install withmac list`. */
export function pasted(line: string): string {
  return `${calledAs()} ${line}`
}

function onDeno(): string {
  const main = fileURLToPath(new URL('main.js', import.meta.url))
  if (/[/\\]node_modules[/\\]/.test(main)) {
    const here = relative(process.cwd(), main)
    return `deno run -A ${here.startsWith('..') ? main : here}`
  }
  // Deno's own cache of packages: then it came from a registry by that name.
  return /[/\\]npm[/\\]/.test(main) ? 'deno run -A npm:withmac' : 'withmac'
}

const SAFE = /^[A-Za-z0-9_./:@%+,-][A-Za-z0-9_./:=@%+,-]*$/

/**
 * A text as one word for sh, bash, zsh and fish. Within single quotes nothing counts, save that fish
 * gives a backslash a meaning there: it is put outside of them, as the single quote itself is.
 */
export function quote(text: string): string {
  if (SAFE.test(text)) return text
  return `'${text.replace(/['\\]/g, (character) => `'\\${character}'`)}'`
}

/**
 * A command of withmac on a credential, as it can be pasted. An identifier may begin as an option does:
 * then the options come first, and their end is marked. It is one line, whatever the identifier holds.
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
