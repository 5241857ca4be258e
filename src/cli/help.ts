import { calledAs } from './called-as.ts'

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
