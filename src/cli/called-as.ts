import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

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
