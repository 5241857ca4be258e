/** What is to be written in front of a command's name for it to run here: what npx runs is not on the path. */
export function calledAs(): string {
  const { npm_command, npm_lifecycle_event } = process.env
  const { bun, deno } = process.versions
  if (deno !== undefined) {
    const fromPackage = /\/(?:npm|node_modules)\//.test(import.meta.url)
    return fromPackage ? 'deno run -A npm:withmac' : 'withmac'
  }
  if (npm_command !== 'exec') return 'withmac'
  if (npm_lifecycle_event !== 'bunx') return 'npx withmac'
  return bun === undefined ? 'bunx withmac' : 'bunx --bun withmac'
}

/** A command line of withmac, as it can be pasted: `npx withmac list`. */
export function pasted(line: string): string {
  return `${calledAs()} ${line}`
}
